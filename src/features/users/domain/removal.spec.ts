import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isToBeRemoved, type RemovableUser, type RemovalRule } from './removal.js';
import { USER_STATUSES } from './user.js';

const CHANGED = new Date('2027-01-01T00:00:00.000Z');
const user = (part: Partial<RemovableUser> = {}): RemovableUser => ({
  status: 'expired',
  statusChangedAt: CHANGED,
  autoDeleteInDays: null,
  ...part,
});
const NEVER: RemovalRule = { days: -1, includesLimited: false };
const AFTER_TWO: RemovalRule = { days: 2, includesLimited: false };
const days = (count: number, ms = 0) => new Date(CHANGED.getTime() + count * 86_400_000 + ms);

describe('a user', () => {
  it.each<[string, Partial<RemovableUser>, RemovalRule, Date, boolean]>([
    ['stays for ever by default', {}, NEVER, days(10_000), false],
    ['goes after the days of all', {}, AFTER_TWO, days(2), true],
    ['stays until then', {}, AFTER_TWO, days(2, -1), false],
    ['goes after days of its own', { autoDeleteInDays: 3 }, AFTER_TWO, days(3), true],
    ['stays for days of its own', { autoDeleteInDays: 3 }, AFTER_TWO, days(2), false],
    ['goes after days of its own though nobody else does', { autoDeleteInDays: 0 }, NEVER, CHANGED, true],
    ['stays for ever by its own rule', { autoDeleteInDays: -5 }, AFTER_TWO, days(10_000), false],
    ['stays for longer than there are times', { autoDeleteInDays: 2_147_483_647 }, NEVER, days(1), false],
    ['stays when it is limited', { status: 'limited' }, AFTER_TWO, days(9), false],
    ['goes when limited ones do', { status: 'limited' }, { days: 2, includesLimited: true }, days(2), true],
    ['stays when it is disabled', { status: 'disabled' }, { days: 0, includesLimited: true }, days(9), false],
  ])('%s', (_, part, rule, now, expected) => {
    expect(isToBeRemoved(user(part), rule, now)).toBe(expected);
  });

  it('that serves is never deleted, and once due it stays due', () => {
    const time = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
    const anyUser = fc.record({
      status: fc.constantFrom(...USER_STATUSES),
      statusChangedAt: time,
      autoDeleteInDays: fc.option(fc.integer({ min: -2, max: 400 })),
    });
    const anyRule = fc.record({ days: fc.integer({ min: -1, max: 400 }), includesLimited: fc.boolean() });
    fc.assert(
      fc.property(anyUser, anyRule, time, fc.nat(1e9), (given, rule, now, later) => {
        if (!isToBeRemoved(given, rule, now)) return;
        expect(['expired', 'limited']).toContain(given.status);
        expect(isToBeRemoved(given, rule, new Date(now.getTime() + later))).toBe(true);
      }),
    );
  });
});
