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

/** Whoever did something as others are told of it: the admin of the API as it was then, with whole numbers as texts. */
export function toldBy({ admin, name }: Actor) {
  return {
    username: name,
    is_sudo: admin?.isSudo ?? true,
    telegram_id: textOf(admin?.telegramId),
    discord_webhook: null,
    users_usage: textOf(admin?.usersUsage),
  };
}

const textOf = (value: bigint | null | undefined): string | null => value?.toString() ?? null;
