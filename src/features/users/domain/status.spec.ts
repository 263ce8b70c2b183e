import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusAt, type StatusFacts } from './status.js';
import { USER_STATUSES } from './user.js';

const now = new Date('2026-03-01T12:00:00.500Z');
const before = new Date(now.getTime() - 1);
const after = new Date(now.getTime() + 1);

function facts(facts: Partial<StatusFacts>): StatusFacts {
  return { status: 'active', usedTraffic: 0n, dataLimit: null, expireAt: null, ...facts };
}

describe('the status of a user', () => {
  it.each<[string, Partial<StatusFacts>, string]>([
    ['without limit and expiry is active', {}, 'active'],
    ['one byte under the limit is active', { usedTraffic: 99n, dataLimit: 100n }, 'active'],
    ['on the last byte is limited', { usedTraffic: 100n, dataLimit: 100n }, 'limited'],
    ['before the expiry is active', { expireAt: after }, 'active'],
    ['at the very instant of the expiry is expired', { expireAt: now }, 'expired'],
    [
      'over the limit and the expiry is limited',
      { usedTraffic: 2n, dataLimit: 1n, expireAt: before },
      'limited',
    ],
    [
      'that was limited and has a higher limit is active',
      { status: 'limited', usedTraffic: 1n, dataLimit: 2n },
      'active',
    ],
    ['that was limited and is overdue is expired', { status: 'limited', expireAt: before }, 'expired'],
    ['that was expired and has more time is active', { status: 'expired', expireAt: after }, 'active'],
    ['that is disabled stays so', { status: 'disabled', expireAt: before }, 'disabled'],
    [
      'on hold stays so, over the limit too',
      { status: 'on_hold', usedTraffic: 2n, dataLimit: 1n },
      'on_hold',
    ],
    [
      'over a limit beyond 2^53 is limited',
      { usedTraffic: 2n ** 63n - 1n, dataLimit: 2n ** 63n - 1n },
      'limited',
    ],
  ])('%s', (_, given, expected) => {
    expect(statusAt(facts(given), now)).toBe(expected);
  });

  it('is final: judging again changes nothing', () => {
    const anyFacts = fc.record({
      status: fc.constantFrom(...USER_STATUSES),
      usedTraffic: fc.bigInt(0n, 5n),
      dataLimit: fc.option(fc.bigInt(1n, 5n)),
      expireAt: fc.option(fc.constantFrom(before, now, after)),
    });
    fc.assert(
      fc.property(anyFacts, (given) => {
        const status = statusAt(given, now);
        expect(statusAt({ ...given, status }, now)).toBe(status);
      }),
    );
  });
});
