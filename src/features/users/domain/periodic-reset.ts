import { addSeconds } from '../../../shared/domain/time.js';
import { judgeStatus } from './next-plan.js';
import type { ResetStrategy, User, UserStatus } from './user.js';

const HOUR = 3600;

/** How long a period is, in seconds; null without resets. The database knows them too, as `next_reset_at`. */
const PERIODS: Record<ResetStrategy, number | null> = {
  no_reset: null,
  day: 24 * HOUR,
  week: 7 * 24 * HOUR,
  month: 30 * 24 * HOUR,
  year: 365 * 24 * HOUR,
};

/** A user whose traffic is reset by itself. */
export type PeriodicUser = Pick<
  User,
  'id' | 'username' | 'status' | 'usedTraffic' | 'dataLimit' | 'expireAt' | 'resetStrategy' | 'nextPlan'
> & { nextResetAt: Date | null };

/** What a reset makes of a user. */
export interface Reset {
  id: number;
  status: UserStatus;
  /** Bytes to take off the used traffic. */
  taken: bigint;
  nextResetAt: Date | null;
}

/** When the traffic of a user is reset whose period begins at `start`; null without resets. */
export function nextReset(strategy: ResetStrategy, start: Date): Date | null {
  const period = PERIODS[strategy];
  return period === null ? null : addSeconds(start, period);
}

/**
 * The reset due at `now`, if any; one for all that were missed, and the next in the same steps, so that resets do not come
 * later each time. One of a user that is neither active nor limited waits until it is.
 * Source: Marzban `app/jobs/reset_user_data_usage.py`, which counts from the last reset instead of from when it was due,
 * forgets the next plan, and leaves who was limited without access.
 */
export function resetWhenDue(user: PeriodicUser, now: Date): Reset | 'waits' | undefined {
  const { id, nextResetAt } = user;
  const period = PERIODS[user.resetStrategy];
  if (nextResetAt === null || nextResetAt > now) return undefined;
  if (period === null || (user.status !== 'active' && user.status !== 'limited')) return 'waits';
  const missed = Math.floor((now.getTime() - nextResetAt.getTime()) / (period * 1000));
  return {
    id,
    status: statusAfterReset(user, now),
    taken: user.usedTraffic,
    nextResetAt: addSeconds(nextResetAt, (missed + 1) * period),
  };
}

/** A reset at `now` whether due or not, with which a new period begins. The limit is all that it lifts. */
export function resetNow(user: PeriodicUser, now: Date): Reset {
  return {
    id: user.id,
    status: statusAfterReset(user, now),
    taken: user.usedTraffic,
    nextResetAt: nextReset(user.resetStrategy, now),
  };
}

/** `limited` is lifted into what the expiry makes of it, unless a next plan is due then; all else stays. */
function statusAfterReset(
  user: Pick<User, 'status' | 'dataLimit' | 'expireAt' | 'nextPlan'>,
  now: Date,
): UserStatus {
  if (user.status !== 'limited') return user.status;
  return judgeStatus({ ...user, status: 'active', usedTraffic: 0n }, now);
}
