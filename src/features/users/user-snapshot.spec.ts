import { describe, expect, it } from 'vitest';
import { testUser } from '../../../test/support/test-user.js';
import type { User } from './domain/user.js';
import { readSnapshot, snapshotOf } from './user-snapshot.js';

const AT = new Date('2026-03-01T12:00:00.123Z');
const HUGE = 9_007_199_254_740_993n;

const owner = {
  id: 3,
  username: 'chief',
  isSudo: true,
  telegramId: HUGE,
  discordWebhook: 'https://discord.com/api/webhooks/1/secret',
  usersUsage: HUGE,
};

const full: User = testUser({
  usedTraffic: HUGE,
  resetTraffic: HUGE,
  dataLimit: HUGE,
  expireAt: AT,
  holdSeconds: 60,
  holdUntil: AT,
  subRevokedAt: AT,
  subUpdatedAt: AT,
  onlineAt: AT,
  editedAt: AT,
  nextPlan: { dataLimit: HUGE, expireAt: AT, addRemainingTraffic: true, fireOnEither: false },
  owner,
});

describe('the snapshot of a user', () => {
  it.each([
    ['with everything', full],
    ['with nothing', testUser({ owner: null, nextPlan: null })],
  ])('%s is read as it was, but for the secret of its owner', (_, user) => {
    const read = readSnapshot(JSON.parse(JSON.stringify(snapshotOf(user))));
    expect(read).toEqual({ ...user, owner: user.owner && { ...user.owner, discordWebhook: null } });
  });

  it('does not hold the webhook of its owner', () => {
    expect(JSON.stringify(snapshotOf(full))).not.toContain('discord');
  });
});
