import { NO_HOLD, isHeld } from './hold.js';
import { isOverdue, isOverLimit, statusAt, type StatusFacts } from './status.js';
import type { NextPlan, User, UserStatus } from './user.js';

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Whether the plan is due. A user that is `limited` or `expired` already has been judged before: it moves on only when
 * both the limit and the time are used up, so that a plan given to it later waits for the operator.
 * Source: Marzban `app/jobs/review_users.py`, where a plan that waits for both never fires, as the user is no longer
 * `active` when the second comes.
 */
export function isPlanDue(plan: NextPlan, user: StatusFacts, now: Date): boolean {
  if (user.status === 'disabled' || user.status === 'on_hold') return false;
  const limit = isOverLimit(user);
  const time = isOverdue(user, now);
  return (limit && time) || (user.status === 'active' && plan.fireOnEither && (limit || time));
}

/**
 * The status of a user that an operator has just changed. A due plan must find its user `active`, or it would have
 * missed its moment: such a user is left to the review.
 */
export function judgeStatus(user: StatusFacts & Pick<User, 'nextPlan'>, now: Date): UserStatus {
  const isLeftToReview =
    user.status === 'active' && user.nextPlan !== null && isPlanDue(user.nextPlan, user, now);
  return isLeftToReview ? 'active' : statusAt(user, now);
}

/** What a user is once `plan` has taken the place of its limit and expiry. Its traffic starts again from nothing. */
export function applyPlan(
  plan: NextPlan,
  user: Pick<User, 'usedTraffic' | 'dataLimit'>,
  now: Date,
): Pick<User, 'status' | 'dataLimit' | 'expireAt'> {
  const left = user.dataLimit === null ? 0n : user.dataLimit - user.usedTraffic;
  const carried = plan.addRemainingTraffic && left > 0n ? left : 0n;
  const dataLimit = plan.dataLimit === null ? null : atMostInt64(plan.dataLimit + carried);
  const { expireAt } = plan;
  return {
    status: statusAt({ status: 'active', usedTraffic: 0n, dataLimit, expireAt }, now),
    dataLimit,
    expireAt,
  };
}

/**
 * The user once its next plan has been activated by hand, whatever its status was; undefined without a plan.
 * Source: Marzban `app/db/crud.py` (`reset_user_by_next`).
 */
export function activatePlan(user: User, now: Date): User | undefined {
  if (!user.nextPlan) return undefined;
  const next: User = {
    ...user,
    ...applyPlan(user.nextPlan, user, now),
    usedTraffic: 0n,
    resetTraffic: user.resetTraffic + user.usedTraffic,
    ...(isHeld(user) && NO_HOLD),
    nextPlan: null,
  };
  if (next.status !== user.status) next.statusChangedAt = now;
  return next;
}

/** What a column of the database, and a client, can hold. */
function atMostInt64(bytes: bigint): bigint {
  return bytes < INT64_MAX ? bytes : INT64_MAX;
}
