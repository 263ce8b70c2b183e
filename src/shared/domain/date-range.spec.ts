import { describe, expect, it } from 'vitest';
import { InvalidDateRange, RangeReversed, readDateRange } from './date-range.js';

const now = new Date('2026-11-23T12:00:00Z');
const read = (start: string, end: string) => {
  const range = readDateRange({ start, end }, now);
  return [range.start.toISOString(), range.end.toISOString()];
};

describe('a range of dates', () => {
  it.each([
    ['', '', '2026-10-24T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
    ['2026-01-01', '', '2026-01-01T00:00:00.000Z', '2026-11-23T12:00:00.000Z'],
    ['', '2026-11-01', '2026-10-24T12:00:00.000Z', '2026-11-01T00:00:00.000Z'],
    ['2026-01-01', '2026-01-01', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
    ['2027-01-01', '', '2027-01-01T00:00:00.000Z', '2026-11-23T12:00:00.000Z'],
  ])('from %j to %j is from %s to %s', (start, end, from, to) => {
    expect(read(start, end)).toEqual([from, to]);
  });

  it.each([
    ['yesterday', ''],
    ['', '1700000000'],
  ])('from %j to %j is none', (start, end) => {
    expect(() => read(start, end)).toThrow(InvalidDateRange);
  });

  it.each([
    ['2026-01-02', '2026-01-01'],
    ['', '2026-01-01'],
    ['2027-01-01', '2026-12-31'],
  ])('from %j to %j is the wrong way round', (start, end) => {
    expect(() => read(start, end)).toThrow(RangeReversed);
  });
});
