import type { User } from '../../src/features/users/domain/user.js';

/** A user for tests: only what matters need be said. */
export function testUser(facts: Partial<User> = {}): User {
  const createdAt = new Date('2026-01-01T00:00:00Z');
  return {
    id: 1,
    username: 'alice',
    status: 'active',
    usedTraffic: 0n,
    resetTraffic: 0n,
    dataLimit: null,
    resetStrategy: 'no_reset',
    expireAt: null,
    holdSeconds: null,
    holdUntil: null,
    heldWhenDisabled: false,
    autoDeleteInDays: null,
    proxies: { vless: { id: 'old', flow: '' } },
    excludedInbounds: {},
    note: null,
    nextPlan: null,
    owner: null,
    subRevokedAt: null,
    subUpdatedAt: null,
    subLastUserAgent: null,
    onlineAt: null,
    createdAt,
    editedAt: null,
    statusChangedAt: createdAt,
    ...facts,
  };
}
