import { describe, expect, it } from 'vitest';
import { readInterval } from './log-interval.js';

describe('the interval of a log', () => {
  it.each([
    [null, undefined],
    ['', undefined],
    ['0', undefined],
    ['-0.0', undefined],
    ['1', 1],
    ['0.5', 0.5],
    [' 1e1 ', 10],
  ])('%j is %s seconds', (text, seconds) => {
    expect(readInterval(text)).toBe(seconds);
  });

  it.each([
    ['x', 'Invalid interval value'],
    ['nan', 'Invalid interval value'],
    ['inf', 'Invalid interval value'],
    ['1,5', 'Invalid interval value'],
    ['10.001', 'Interval must be more than 0 and at most 10 seconds'],
    ['1e400', 'Invalid interval value'],
    ['-1', 'Interval must be more than 0 and at most 10 seconds'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => readInterval(text)).toThrow(reason);
  });
});
