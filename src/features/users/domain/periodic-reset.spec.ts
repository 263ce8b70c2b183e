import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextReset, type PeriodicUser, resetWhenDue } from './periodic-reset.js';
import { RESET_STRATEGIES, USER_STATUSES } from './user.js';

const HOUR_MS = 3_600_000;
const DUE = new Date('2027-01-10T03:00:00.000Z');
const HOURS = { day: 24, week: 168, month: 720, year: 8760 };

const user = (part: Partial<PeriodicUser> = {}): PeriodicUser => ({
  id: 1,
  username: 'alice',
  status: 'active',
  usedTraffic: 50n,
  dataLimit: 100n,
  expireAt: null,
  resetStrategy: 'day',
  nextPlan: null,
  nextResetAt: DUE,
  ...part,
});
const after = (ms: number) => new Date(DUE.getTime() + ms);
const PLAN = { dataLimit: null, expireAt: null, addRemainingTraffic: false, fireOnEither: true };

describe('the traffic of a user', () => {
  it.each<[string, Partial<PeriodicUser>, Date, ReturnType<typeof resetWhenDue>]>([
    ['is not reset a millisecond early', {}, after(-1), undefined],
    [
      'is reset at the very instant',
      {},
      DUE,
      { id: 1, status: 'active', taken: 50n, nextResetAt: after(24 * HOUR_MS) },
    ],
    [
      'is reset late, and next in time',
      {},
      after(5 * HOUR_MS),
      { id: 1, status: 'active', taken: 50n, nextResetAt: after(24 * HOUR_MS) },
    ],
    [
      'is reset once for all that was missed',
      {},
      after(73 * HOUR_MS),
      { id: 1, status: 'active', taken: 50n, nextResetAt: after(96 * HOUR_MS) },
    ],
    [
      'is reset after a week',
      { resetStrategy: 'week' },
      DUE,
      { id: 1, status: 'active', taken: 50n, nextResetAt: after(168 * HOUR_MS) },
    ],
    [
      'is reset when it was limited, which it is no more',
      { status: 'limited' },
      DUE,
      { id: 1, status: 'active', taken: 50n, nextResetAt: after(24 * HOUR_MS) },
    ],
    [
      'is reset when its time is over as well',
      { status: 'limited', expireAt: DUE },
      DUE,
      { id: 1, status: 'expired', taken: 50n, nextResetAt: after(24 * HOUR_MS) },
    ],
    [
      'is reset, and its next plan is left to the review',
      { status: 'limited', expireAt: DUE, nextPlan: PLAN },
      DUE,
      { id: 1, status: 'active', taken: 50n, nextResetAt: after(24 * HOUR_MS) },
    ],
    ['is never reset without a strategy', { resetStrategy: 'no_reset' }, DUE, 'waits'],
    ['is not reset while nobody knows when', { nextResetAt: null }, DUE, undefined],
    ['waits for an expired user', { status: 'expired' }, DUE, 'waits'],
    ['waits for a disabled user', { status: 'disabled' }, DUE, 'waits'],
    ['waits for a user on hold', { status: 'on_hold' }, DUE, 'waits'],
  ])('%s', (_, part, now, expected) => {
    expect(resetWhenDue(user(part), now)).toEqual(expected);
  });

  it.each(Object.entries(HOURS))('is counted for a %s of so many hours: %i', (strategy, hours) => {
    expect(nextReset(strategy as 'day', DUE)).toEqual(after(hours * HOUR_MS));
  });

  it('is counted for ever without a strategy', () => {
    expect(nextReset('no_reset', DUE)).toBeNull();
  });
});

const anyUser = fc.record({
  status: fc.constantFrom(...USER_STATUSES),
  resetStrategy: fc.constantFrom(...RESET_STRATEGIES),
  usedTraffic: fc.bigInt({ min: 0n, max: 200n }),
  nextResetAt: fc.option(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })),
});
const anyTime = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });

describe('a reset', () => {
  it('leaves nothing due, and the next one within a period and in step', () => {
    fc.assert(
      fc.property(anyUser, anyTime, (part, now) => {
        const before = user(part);
        const reset = resetWhenDue(before, now);
        if (reset === undefined || reset === 'waits') return;
        const period = HOURS[before.resetStrategy as 'day'] * HOUR_MS;
        const next = reset.nextResetAt!.getTime();
        expect(next).toBeGreaterThan(now.getTime());
        expect(next).toBeLessThanOrEqual(now.getTime() + period);
        expect((next - before.nextResetAt!.getTime()) % period).toBe(0);
        expect(resetWhenDue({ ...before, ...reset }, now)).toBeUndefined();
      }),
    );
  });

  it('comes at most once for each period, however the clock jumps', () => {
    fc.assert(
      fc.property(anyTime, fc.array(anyTime, { maxLength: 20 }), (due, times) => {
        let now = user({ nextResetAt: due });
        const resetIn: number[] = [];
        for (const time of times) {
          const reset = resetWhenDue(now, time);
          if (reset === undefined || reset === 'waits') continue;
          resetIn.push(reset.nextResetAt!.getTime());
          now = { ...now, nextResetAt: reset.nextResetAt };
        }
        expect(new Set(resetIn).size).toBe(resetIn.length);
        expect(resetIn).toEqual(resetIn.toSorted((a, b) => a - b));
      }),
    );
  });
});
