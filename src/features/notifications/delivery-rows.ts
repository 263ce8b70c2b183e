import type { AdminDto } from '../admins/index.js';
import { readSnapshot, type UserSnapshot } from '../users/index.js';
import type { Delivery } from './channel.js';

/** A delivery with its notification and the one that goes before it, as one row. */
export interface DueRow {
  id: bigint;
  notificationId: string;
  tries: number;
  sendAt: Date;
  beforeId: bigint | null;
  beforeSendAt: Date | null;
  at: Date;
  action: Delivery['action'];
  username: string | null;
  by: KeptAdmin | null;
  user: UserSnapshot | null;
  extra: Record<string, unknown> | null;
}

/** An admin object of the API, in which whole numbers may be texts. */
type KeptAdmin = Omit<AdminDto, 'telegram_id' | 'users_usage'> & {
  telegram_id: string | number | null;
  users_usage: string | number | null;
};

/** @throws when what was kept makes no sense */
export function toDelivery({ by, user, beforeId: _, beforeSendAt: __, ...row }: DueRow): Delivery {
  return { ...row, user: user && readSnapshot(user), by: by && toAdmin(by) };
}

function toAdmin({ username, is_sudo, telegram_id, discord_webhook, users_usage }: KeptAdmin): AdminDto {
  return {
    username,
    is_sudo,
    telegram_id: telegram_id === null ? null : BigInt(telegram_id),
    discord_webhook,
    users_usage: users_usage === null ? null : BigInt(users_usage),
  };
}
