import { judgeStatus } from './next-plan.js';
import { type CredentialSource, renewCredentials } from './proxies.js';
import type { User } from './user.js';

/** Since when the user's subscription link is what it is. */
export function linkValidFrom(user: Pick<User, 'createdAt' | 'subRevokedAt'>): Date {
  return user.subRevokedAt ?? user.createdAt;
}

/**
 * The user with a new subscription link and new credentials. Its status is judged as after any modification.
 * Source: Marzban `app/db/crud.py` (`revoke_user_sub`), which passes the user through its modification.
 */
export function revokeLinks(user: User, now: Date, fresh: CredentialSource): User {
  // The link is made from this instant, so it must be another one even within the same millisecond.
  const subRevokedAt = new Date(Math.max(now.getTime(), linkValidFrom(user).getTime() + 1));
  const proxies = renewCredentials(user.proxies, fresh);
  const next: User = { ...user, proxies, subRevokedAt, editedAt: now, status: judgeStatus(user, now) };
  if (next.status !== user.status) next.statusChangedAt = now;
  return next;
}
