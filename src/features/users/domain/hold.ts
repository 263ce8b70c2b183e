import { addSeconds } from '../../../shared/domain/time.js';
import { LATEST_EXPIRE, type User } from './user.js';

/** Whether a user's time has not begun: it is on hold, or was when it was disabled. */
export function isHeld(user: Pick<User, 'status' | 'heldWhenDisabled'>): boolean {
  return user.status === 'on_hold' || user.heldWhenDisabled;
}

/** What is left of a hold once it is over. */
export const NO_HOLD = { holdSeconds: null, holdUntil: null, heldWhenDisabled: false } as const;

/** Whether a user on hold starts at `now`: it was online since it is held, or has waited long enough. */
export function holdEnds(
  user: Pick<User, 'onlineAt' | 'holdUntil' | 'editedAt' | 'createdAt'>,
  now: Date,
): boolean {
  const heldSince = user.editedAt ?? user.createdAt;
  const connected = user.onlineAt !== null && user.onlineAt >= heldSince;
  return connected || (user.holdUntil !== null && user.holdUntil <= now);
}

/**
 * When a held user that starts at `now` expires: an expiry it has already was paid for and stays. Else from the whole
 * second, never after the year 9999; null without a duration.
 */
export function expiryOfStart(user: Pick<User, 'holdSeconds' | 'expireAt'>, now: Date): Date | null {
  if (user.expireAt !== null || user.holdSeconds === null) return user.expireAt;
  const start = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return new Date(Math.min(addSeconds(start, user.holdSeconds).getTime(), LATEST_EXPIRE * 1000));
}
