import { expiryOfStart, isHeld, NO_HOLD } from './hold.js';
import { judgeStatus } from './next-plan.js';
import type { User } from './user.js';

/**
 * The user with its traffic counted from nothing again. That is a renewal: whoever was limited, disabled or held is
 * active, and a held user's time starts; only `expired` stays.
 * Source: Marzban `app/db/crud.py` (`reset_user_data_usage`), which starts no time and forgets the next plan.
 */
export function resetTraffic(user: User, now: Date): User {
  const next: User = { ...user, usedTraffic: 0n, resetTraffic: user.resetTraffic + user.usedTraffic };
  if (isHeld(user)) Object.assign(next, { expireAt: expiryOfStart(user, now), ...NO_HOLD });
  if (user.status !== 'expired') next.status = judgeStatus({ ...next, status: 'active' }, now);
  if (next.status !== user.status) next.statusChangedAt = now;
  return next;
}
