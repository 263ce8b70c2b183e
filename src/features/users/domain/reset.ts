import { statusAt } from './status.js';
import type { User } from './user.js';

/**
 * The user with its traffic counted from nothing again. Lifts `limited`; what an operator or time decided stays.
 * Source: Marzban `app/db/crud.py` (`reset_user_data_usage`), which also revives disabled and held users and forgets
 * the next plan.
 */
export function resetTraffic(user: User, now: Date): User {
  const next: User = { ...user, usedTraffic: 0n, resetTraffic: user.resetTraffic + user.usedTraffic };
  if (user.status === 'limited') next.status = statusAt(next, now);
  if (next.status !== user.status) next.statusChangedAt = now;
  return next;
}
