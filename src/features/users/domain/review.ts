import { expiryOfStart, holdEnds, NO_HOLD } from './hold.js';
import { applyPlan, isPlanDue } from './next-plan.js';
import { nextReset } from './periodic-reset.js';
import { statusAt } from './status.js';
import type { User, UserStatus } from './user.js';

/** What a review looks at. */
export type ReviewedUser = Pick<
  User,
  | 'id'
  | 'status'
  | 'usedTraffic'
  | 'dataLimit'
  | 'expireAt'
  | 'holdSeconds'
  | 'holdUntil'
  | 'nextPlan'
  | 'resetStrategy'
  | 'onlineAt'
  | 'createdAt'
  | 'editedAt'
>;

/** How a reviewed user goes on: its status, limit and expiry. */
export interface ReviewChange {
  id: number;
  status: UserStatus;
  dataLimit: bigint | null;
  expireAt: Date | null;
  /** The next plan fired: bytes to take off the used traffic; null when none did. */
  taken: bigint | null;
  /** Of the period that begins with the next plan. */
  nextResetAt: Date | null;
}

/**
 * The change due at `now`, if any: a next plan first, then the limit, then the expiry; a held user starts.
 * Source: Marzban `app/jobs/review_users.py`. A held user's time starts at the review that notices the connection,
 * not at the connection.
 */
export function reviewUser(user: ReviewedUser, now: Date): ReviewChange | undefined {
  const { id, dataLimit, expireAt } = user;
  if (user.status === 'on_hold') {
    if (!holdEnds(user, now)) return undefined;
    return {
      id,
      status: 'active',
      dataLimit,
      expireAt: expiryOfStart(user, now),
      taken: null,
      nextResetAt: null,
    };
  }
  if (user.nextPlan && isPlanDue(user.nextPlan, user, now)) {
    return {
      id,
      ...applyPlan(user.nextPlan, user, now),
      taken: user.usedTraffic,
      nextResetAt: nextReset(user.resetStrategy, now),
    };
  }
  if (user.status !== 'active') return undefined;
  const status = statusAt(user, now);
  return status === 'active'
    ? undefined
    : { id, status, dataLimit, expireAt, taken: null, nextResetAt: null };
}

/** The user once a review has changed it. */
export function applyReview(user: User, change: ReviewChange, now: Date): User {
  const { status, dataLimit, expireAt, taken } = change;
  return {
    ...user,
    status,
    dataLimit,
    expireAt,
    ...(user.status === 'on_hold' && NO_HOLD),
    ...(taken !== null && {
      usedTraffic: user.usedTraffic - taken,
      resetTraffic: user.resetTraffic + taken,
      nextPlan: null,
    }),
    statusChangedAt: status === user.status ? user.statusChangedAt : now,
  };
}
