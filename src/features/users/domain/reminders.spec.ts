import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Reminder, type RemindingUser, remindersOf } from './reminders.js';

const NOW = new Date('2027-01-01T12:00:00.000Z');
const SETTINGS = { usagePercents: [50, 80, 95], daysLeft: [1, 3] };
const days = (count: number, ms = 0) => new Date(NOW.getTime() + count * 86_400_000 + ms);
const user = (part: Partial<RemindingUser>): RemindingUser => ({
  status: 'active',
  usedTraffic: 0n,
  dataLimit: null,
  expireAt: null,
  ...part,
});
const usage = (threshold: number, value: number): Reminder => ({ kind: 'data_usage', threshold, value });
const time = (threshold: number, value: number): Reminder => ({ kind: 'expiration_date', threshold, value });

describe('a user', () => {
  it.each<[string, Partial<RemindingUser>, Reminder[]]>([
    ['without limit and expiry reminds of nothing', { usedTraffic: 1_000n }, []],
    ['does not remind under the lowest percentage', { usedTraffic: 4_999n, dataLimit: 10_000n }, []],
    ['reminds at the very percentage', { usedTraffic: 50n, dataLimit: 100n }, [usage(50, 50)]],
    [
      'reminds of the highest percentage only, unrounded',
      { usedTraffic: 2n, dataLimit: 3n },
      [usage(50, 200 / 3)],
    ],
    ['skips percentages', { usedTraffic: 99n, dataLimit: 100n }, [usage(95, 99)]],
    ['reminds no more when it is over its limit', { usedTraffic: 100n, dataLimit: 100n }, []],
    ['does not remind four days before', { expireAt: days(4) }, []],
    ['reminds when less than four days are left', { expireAt: days(4, -1) }, [time(3, 3)]],
    ['reminds of the lowest day only', { expireAt: days(2, -1) }, [time(1, 1)]],
    ['has no day left on its last', { expireAt: days(0, 1) }, [time(1, 0)]],
    ['reminds no more when its time is over', { expireAt: NOW }, []],
    [
      'reminds of both',
      { usedTraffic: 80n, dataLimit: 100n, expireAt: days(3) },
      [usage(80, 80), time(3, 3)],
    ],
    ['that is limited reminds of nothing', { status: 'limited', usedTraffic: 80n, dataLimit: 100n }, []],
    ['on hold reminds of nothing', { status: 'on_hold', usedTraffic: 80n, dataLimit: 100n }, []],
  ])('%s', (_, part, expected) => {
    expect(remindersOf(user(part), SETTINGS, NOW)).toEqual(expected);
  });

  it('reminds of nothing that is switched off', () => {
    const given = user({ usedTraffic: 90n, dataLimit: 100n, expireAt: days(1) });
    expect(remindersOf(given, { usagePercents: [], daysLeft: [] }, NOW)).toEqual([]);
  });

  it('reaches the threshold it reminds of, and none beyond', () => {
    const settings = { usagePercents: [1, 20, 50, 80, 99], daysLeft: [0, 1, 3, 7, 30] };
    fc.assert(
      fc.property(
        fc.bigInt(0n, 1000n),
        fc.bigInt(1n, 1000n),
        fc.integer({ min: -10, max: 4e9 }),
        (used, limit, ms) => {
          const given = user({ usedTraffic: used, dataLimit: limit, expireAt: new Date(NOW.getTime() + ms) });
          for (const { kind, threshold, value } of remindersOf(given, settings, NOW)) {
            const all = kind === 'data_usage' ? settings.usagePercents : settings.daysLeft;
            const reached = all.filter((one) => (kind === 'data_usage' ? value >= one : value <= one));
            expect(threshold).toBe(kind === 'data_usage' ? Math.max(...reached) : Math.min(...reached));
          }
        },
      ),
    );
  });
});
