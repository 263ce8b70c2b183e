import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Invalid } from './coercion.js';
import { readTime } from './coercion-time.js';

const outcome = (result: Date | Invalid) =>
  result instanceof Invalid ? result.issues[0] : result.toISOString();

describe('an instant', () => {
  it.each<[unknown, string]>([
    ['2026-11-23', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T20:30', '2026-11-23T20:30:00.000Z'],
    ['2026-11-23 20:30:15', '2026-11-23T20:30:15.000Z'],
    ['2026-11-23t20:30:15z', '2026-11-23T20:30:15.000Z'],
    ['2026-11-23_20:30:15', '2026-11-23T20:30:15.000Z'],
    ['2026-11-23T20:30:15.1', '2026-11-23T20:30:15.100Z'],
    ['2026-11-23T20:30:15,123456789', '2026-11-23T20:30:15.123Z'],
    ['2026-11-23T20:30:00+03:30', '2026-11-23T17:00:00.000Z'],
    ['2026-11-23T20:30:00-0330', '2026-11-24T00:00:00.000Z'],
    ['0099-01-01', '0099-01-01T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    [1_700_000_000, '2023-11-14T22:13:20.000Z'],
    ['1700000000', '2023-11-14T22:13:20.000Z'],
    [1_700_000_000.5, '2023-11-14T22:13:20.500Z'],
    [1_700_000_000_000, '2023-11-14T22:13:20.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [1_700_000_000n, '2023-11-14T22:13:20.000Z'],
  ])('%s is %s', (value, expected) => {
    expect(outcome(readTime(value))).toBe(expected);
  });

  it.each<[unknown, string]>([
    ['', 'input is too short'],
    ['x', 'input is too short'],
    ['2026-11', 'input is too short'],
    ['abcd-11-23', 'invalid character in year'],
    ['2026/11/23', 'invalid date separator, expected `-`'],
    ['2026-13-01', 'month value is outside expected range of 1-12'],
    ['2026-02-29', 'day value is outside expected range'],
    ['2026-11-23T25:00', 'unexpected extra characters at the end of the input'],
    ['2026-11-23T20:60', 'unexpected extra characters at the end of the input'],
    ['2026-11-23T20:30+25:00', 'unexpected extra characters at the end of the input'],
    ['2026-11-23x', 'unexpected extra characters at the end of the input'],
    [1e20, 'dates after 9999 are not supported as unix timestamps'],
  ])('%s is refused: %s', (value, reason) => {
    expect(outcome(readTime(value))).toEqual({
      loc: [],
      msg: `Input should be a valid datetime or date, ${reason}`,
      type: 'datetime_from_date_parsing',
    });
  });

  it.each([true, null, [], {}])('%j is of the wrong kind', (value) => {
    expect(outcome(readTime(value))).toMatchObject({ type: 'datetime_type' });
  });

  it('is read from its own ISO text', () => {
    const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(fc.property(dates, (date) => outcome(readTime(date.toISOString())) === date.toISOString()));
  });

  it('never breaks on text', () => {
    fc.assert(fc.property(fc.string(), (text) => readTime(text) !== undefined));
  });
});
