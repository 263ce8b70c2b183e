import type { SourceRow } from '../source/source.js';
import type { Mapped } from './remarks.js';
import { SUMS } from './sums.js';
import { clip, MAX_BIGINT, RowReader, toId } from './values.js';

const EPOCH = new Date(0);

export interface TargetAdmin {
  /** In the source; here it has one of its own. */
  sourceId: number;
  username: string;
  hashedPassword: string | null;
  isSudo: boolean;
  telegramId: bigint | null;
  discordWebhook: string | null;
  usersUsage: bigint;
  passwordResetAt: Date | null;
  createdAt: Date;
}

export interface AdminRules {
  /** SUDO_USERNAME of the target. */
  environmentAdmin: string | undefined;
  isDiscordWebhook: (url: string) => boolean;
}

/** Source: Marzban `app/db/models.py` (`Admin`). */
export function mapAdmin(row: SourceRow, rules: AdminRules): Mapped<TargetAdmin> {
  const id = toId(row.id);
  const read = new RowReader(row, 'admins', id, row.username === null ? null : clip(String(row.username)));
  const username = read.text('username');
  const usersUsage = read.bytes('users_usage', SUMS.usersUsage);
  if (username === null || id === null || Buffer.byteLength(username) > MAX_NAME_BYTES) {
    return read.refused('an admin without a usable name', undefined, {
      [SUMS.usersUsage]: usersUsage * 1_000_000n,
    });
  }
  const hashedPassword = read.text('hashed_password');
  if (hashedPassword === null) read.noted('has no password and cannot log in');
  const isSudo = read.boolean('is_sudo');
  if (isSudo === null) read.adjusted('is_sudo is missing: no sudo admin');
  const telegramId = read.integer('telegram_id');
  const discordWebhook = read.text('discord_webhook');
  if (discordWebhook && !rules.isDiscordWebhook(discordWebhook)) {
    read.noted(
      'the webhook is not one of Discord’s: it is kept, and nothing is sent there',
      clip(discordWebhook),
    );
  }
  if (username === '' || username.includes('/')) {
    read.noted('a name that no address of the API can hold');
  }
  if (username === rules.environmentAdmin) {
    read.adjusted(
      isSudo
        ? 'is the admin of SUDO_USERNAME here: the password is that of SUDO_PASSWORD'
        : 'is the admin of SUDO_USERNAME here: it becomes a sudo admin, with the password of SUDO_PASSWORD',
    );
  }
  return {
    row: {
      sourceId: Number(id),
      username,
      hashedPassword: hashedPassword || null,
      isSudo: isSudo ?? false,
      telegramId: telegramId === 0n ? null : telegramId,
      discordWebhook: discordWebhook || null,
      usersUsage: usersUsage > MAX_BIGINT ? MAX_BIGINT : usersUsage,
      passwordResetAt: read.instant('password_reset_at', true),
      createdAt: read.instant('created_at') ?? EPOCH,
    },
    remarks: read.remarks,
  };
}

/** An index of PostgreSQL holds no more. */
export const MAX_NAME_BYTES = 2000;

export interface TargetAdminReset {
  id: bigint;
  adminId: number | null;
  usedTraffic: bigint;
  resetAt: Date;
}

/** `admins` leads from ids of the source to ours; `importedAt` stands for a time that is missing. */
export function mapAdminReset(
  row: SourceRow,
  admins: ReadonlyMap<number, number>,
  importedAt: Date,
): Mapped<TargetAdminReset> {
  const id = toId(row.id);
  const read = new RowReader(row, 'admin_usage_logs', id, null);
  const owner = read.int('admin_id');
  const adminId = owner === null ? null : (admins.get(owner) ?? null);
  if (owner !== null && adminId === null) read.adjusted('of an admin who does not exist', String(owner));
  const usedTraffic = read.bytes('used_traffic_at_reset', SUMS.adminResets);
  const resetAt = read.instant('reset_at');
  if (resetAt === null) read.adjusted('without a time: that of the import');
  return {
    row: { id: id ?? 0n, adminId, usedTraffic, resetAt: resetAt ?? importedAt },
    remarks: read.remarks,
  };
}

/** Names of which two differ in case only. */
export function namesAlike(names: readonly string[]): string[] {
  const byLower = new Map<string, string[]>();
  for (const name of names)
    byLower.set(name.toLowerCase(), [...(byLower.get(name.toLowerCase()) ?? []), name]);
  return [...byLower.values()].filter((alike) => alike.length > 1).flat();
}
