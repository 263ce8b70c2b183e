import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testUser } from '../../../../test/support/test-user.js';
import { applyReview, type ReviewedUser, reviewUser } from './review.js';
import { type NextPlan, RESET_STRATEGIES, USER_STATUSES } from './user.js';

const now = new Date('2026-03-01T12:00:00Z');
const earlier = new Date('2026-02-01T00:00:00Z');
const later = new Date('2026-04-01T00:00:00Z');

const plan: NextPlan = { dataLimit: 50n, expireAt: later, addRemainingTraffic: false, fireOnEither: true };

function user(facts: Partial<ReviewedUser>): ReviewedUser {
  return {
    id: 7,
    status: 'active',
    usedTraffic: 0n,
    dataLimit: null,
    expireAt: null,
    holdSeconds: null,
    holdUntil: null,
    nextPlan: null,
    resetStrategy: 'no_reset',
    onlineAt: null,
    createdAt: earlier,
    editedAt: null,
    ...facts,
  };
}

const overLimit = { usedTraffic: 120n, dataLimit: 100n };

describe('a review', () => {
  it.each<[string, Partial<ReviewedUser>, object | undefined]>([
    ['leaves a user alone that has traffic and time', { dataLimit: 1n, expireAt: later }, undefined],
    ['limits', overLimit, { status: 'limited', dataLimit: 100n, taken: null }],
    ['expires', { expireAt: now }, { status: 'expired', expireAt: now }],
    ['leaves limited users limited', { ...overLimit, status: 'limited', expireAt: earlier }, undefined],
    ['leaves expired users expired', { status: 'expired', expireAt: earlier }, undefined],
    ['never looks at disabled users', { ...overLimit, status: 'disabled', nextPlan: plan }, undefined],
    [
      'starts a held user that was online',
      { status: 'on_hold', holdSeconds: 60, onlineAt: now },
      { status: 'active', expireAt: new Date('2026-03-01T12:01:00Z') },
    ],
    [
      'starts a held user without duration for ever',
      { status: 'on_hold', holdUntil: earlier },
      { status: 'active', expireAt: null },
    ],
    [
      'never takes the expiry of a held user away that was paid for',
      { status: 'on_hold', holdSeconds: 60, onlineAt: now, expireAt: later },
      { status: 'active', expireAt: later },
    ],
    ['lets a held user wait, over its limit too', { ...overLimit, status: 'on_hold' }, undefined],
  ])('%s', (_, facts, expected) => {
    const change = reviewUser(user(facts), now);
    if (expected) expect(change).toMatchObject(expected);
    else expect(change).toBeUndefined();
  });
});

describe('a next plan', () => {
  const both = { ...plan, fireOnEither: false };
  it.each<[string, Partial<ReviewedUser>, boolean]>([
    ['waits while there is traffic and time', { dataLimit: 100n, nextPlan: plan }, false],
    ['follows a used-up limit', { ...overLimit, nextPlan: plan }, true],
    ['follows a passed expiry', { expireAt: now, nextPlan: plan }, true],
    ['that needs both does not follow the limit alone', { ...overLimit, nextPlan: both }, false],
    ['that needs both follows both', { ...overLimit, expireAt: now, nextPlan: both }, true],
    [
      'that needs both finds a limited user',
      { ...overLimit, status: 'limited', expireAt: now, nextPlan: both },
      true,
    ],
    [
      'that needs both finds an expired user',
      { ...overLimit, status: 'expired', expireAt: now, nextPlan: both },
      true,
    ],
    [
      'given to a limited user waits for its time',
      { ...overLimit, status: 'limited', nextPlan: plan },
      false,
    ],
  ])('%s', (_, facts, fires) => {
    const change = reviewUser(user(facts), now);
    expect(typeof change?.taken === 'bigint').toBe(fires);
  });

  it.each<[string, Partial<NextPlan>, Partial<ReviewedUser>, bigint | null]>([
    ['replaces the limit', {}, { usedTraffic: 30n, dataLimit: 100n }, 50n],
    [
      'adds what was left when told to',
      { addRemainingTraffic: true },
      { usedTraffic: 30n, dataLimit: 100n },
      120n,
    ],
    ['takes nothing off after an overshoot', { addRemainingTraffic: true }, overLimit, 50n],
    [
      'stays within 64 bits',
      { dataLimit: 2n ** 63n - 1n, addRemainingTraffic: true },
      { dataLimit: 100n },
      2n ** 63n - 1n,
    ],
    ['of an unlimited user has nothing to add', { addRemainingTraffic: true }, {}, 50n],
    ['without limit is unlimited', { dataLimit: null, addRemainingTraffic: true }, { dataLimit: 100n }, null],
  ])('%s', (_, change, facts, dataLimit) => {
    const given = user({ ...facts, expireAt: now, resetStrategy: 'day', nextPlan: { ...plan, ...change } });
    expect(reviewUser(given, now)).toEqual({
      id: 7,
      status: 'active',
      dataLimit,
      expireAt: later,
      taken: given.usedTraffic,
      nextResetAt: new Date(now.getTime() + 24 * 3_600_000),
    });
  });

  it('that is over already leaves an expired user', () => {
    const given = user({ expireAt: now, nextPlan: { ...plan, expireAt: earlier } });
    expect(reviewUser(given, now)).toMatchObject({ status: 'expired', taken: 0n });
  });
});

it('a review settles a user in one step', () => {
  const times = fc.option(fc.constantFrom(earlier, now, later));
  const anyUser = fc.record<ReviewedUser>({
    id: fc.constant(1),
    status: fc.constantFrom(...USER_STATUSES),
    usedTraffic: fc.bigInt(0n, 5n),
    dataLimit: fc.option(fc.bigInt(1n, 5n)),
    expireAt: times,
    holdSeconds: fc.option(fc.nat(100)),
    holdUntil: times,
    resetStrategy: fc.constantFrom(...RESET_STRATEGIES),
    nextPlan: fc.option(
      fc.record({
        dataLimit: fc.option(fc.bigInt(1n, 5n)),
        expireAt: times,
        addRemainingTraffic: fc.boolean(),
        fireOnEither: fc.boolean(),
      }),
    ),
    onlineAt: times,
    createdAt: fc.constant(earlier),
    editedAt: times,
  });
  fc.assert(
    fc.property(anyUser, (given) => {
      const change = reviewUser(given, now);
      if (!change || given.status === 'on_hold') return;
      const fired = change.taken !== null;
      const next = applyReview(testUser(given), change, now);
      expect(next.usedTraffic).toBe(fired ? 0n : given.usedTraffic);
      expect(reviewUser(next, now)).toBeUndefined();
    }),
  );
});
