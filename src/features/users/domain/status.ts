import { addSeconds } from '../../../shared/domain/time.js';
import { LATEST_EXPIRE, type User, type UserStatus } from './user.js';

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

/** Whether a user on hold starts at `now`: it was online since it is held, or has waited long enough. */
export function holdEnds(
  user: Pick<User, 'onlineAt' | 'holdUntil' | 'editedAt' | 'createdAt'>,
  now: Date,
): boolean {
  const heldSince = user.editedAt ?? user.createdAt;
  const connected = user.onlineAt !== null && user.onlineAt >= heldSince;
  return connected || (user.holdUntil !== null && user.holdUntil <= now);
}

/** When a user that starts at `now` expires: from the whole second, never after the year 9999; null without a duration. */
export function expiryOfStart(holdSeconds: number | null, now: Date): Date | null {
  if (holdSeconds === null) return null;
  const start = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return new Date(Math.min(addSeconds(start, holdSeconds).getTime(), LATEST_EXPIRE * 1000));
}
