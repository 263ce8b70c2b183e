import type { Doer } from '../../shared/activity/activity.js';
import type { Admin } from './admin.js';

/** Who does something: an admin by the API, or nobody but the service itself. */
export interface Actor extends Doer {
  admin: Admin | null;
}

/** The service itself: what time and traffic do. */
export const SYSTEM: Actor = { kind: 'system', id: null, name: 'system', admin: null };

export const actorOf = (admin: Admin): Actor => ({
  kind: 'admin',
  id: admin.id,
  name: admin.username,
  admin,
});

/** Whoever did something as others are told of it: the admin of the API as it was then, without its webhook. */
export interface ToldDoer {
  username: string | null;
  is_sudo: boolean;
  telegram_id: bigint | null;
  discord_webhook: null;
  users_usage: bigint | null;
}

export const toldBy = ({ admin, name }: Actor): ToldDoer => ({
  username: name,
  is_sudo: admin?.isSudo ?? true,
  telegram_id: admin?.telegramId ?? null,
  discord_webhook: null,
  users_usage: admin?.usersUsage ?? null,
});

/** The same from its JSON, in which whole numbers are texts. */
export function readToldBy(json: Record<keyof ToldDoer, unknown>): ToldDoer {
  return {
    ...(json as unknown as ToldDoer),
    telegram_id: toWhole(json.telegram_id),
    users_usage: toWhole(json.users_usage),
  };
}

const toWhole = (value: unknown): bigint | null => (value === null ? null : BigInt(value as string));
