import type { User } from './user.js';

/** What decides whether a user is deleted by itself. */
export type RemovableUser = Pick<User, 'status' | 'statusChangedAt' | 'autoDeleteInDays'>;

/** The installation's rule, for users without days of their own. */
export interface RemovalRule {
  /** After so many days of 24 hours; negative means never. */
  days: number;
  includesLimited: boolean;
}

const DAY_MS = 86_400_000;

/**
 * Whether a user that is expired, or limited where that counts, has been so for long enough to be deleted.
 * Source: Marzban `app/jobs/remove_expired_users.py`.
 */
export function isToBeRemoved(user: RemovableUser, rule: RemovalRule, now: Date): boolean {
  if (user.status !== 'expired' && !(user.status === 'limited' && rule.includesLimited)) return false;
  const days = user.autoDeleteInDays ?? rule.days;
  return days >= 0 && user.statusChangedAt.getTime() + days * DAY_MS <= now.getTime();
}
