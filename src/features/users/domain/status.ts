import type { User, UserStatus } from './user.js';

/** What decides a status. */
export type StatusFacts = Pick<User, 'status' | 'usedTraffic' | 'dataLimit' | 'expireAt'>;

export function isOverLimit(user: Pick<StatusFacts, 'usedTraffic' | 'dataLimit'>): boolean {
  return user.dataLimit !== null && user.usedTraffic >= user.dataLimit;
}

export function isOverdue(user: Pick<StatusFacts, 'expireAt'>, now: Date): boolean {
  return user.expireAt !== null && user.expireAt <= now;
}

/**
 * The status a user should have at `now`. `disabled` and `on_hold` are an operator's word and stay; the others follow
 * from traffic and time, the limit before the expiry.
 * Source: Marzban `app/jobs/review_users.py` for the order; there, each path has a rule of its own.
 */
export function statusAt(user: StatusFacts, now: Date): UserStatus {
  if (user.status === 'disabled' || user.status === 'on_hold') return user.status;
  if (isOverLimit(user)) return 'limited';
  if (isOverdue(user, now)) return 'expired';
  return 'active';
}
