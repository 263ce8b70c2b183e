import { describe, expect, it } from 'vitest';
import { retryAfterSeconds } from './backoff.js';
import { isSameProcess, startedBetween } from './core-process.js';

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000);

describe('the process of a core', () => {
  it('is the same as long as its uptime fits', () => {
    const known = startedBetween(10, at(10), at(10.2));
    for (const later of [11, 60, 3600, 86_400]) {
      expect(isSameProcess(known, startedBetween(later, at(later), at(later + 0.9)))).toBe(true);
    }
  });

  it('is another one when it started later', () => {
    const known = startedBetween(60, at(60), at(60.1));
    expect(isSameProcess(known, startedBetween(2, at(70), at(70.1)))).toBe(false);
  });

  it('is told exactly where its start is known exactly', () => {
    const exact = (seconds: number) => ({ earliest: at(seconds), latest: at(seconds) });
    expect(isSameProcess(exact(5), exact(5))).toBe(true);
    expect(isSameProcess(exact(5), exact(5.001))).toBe(false);
  });

  it('is another one when none was known', () => {
    expect(isSameProcess(undefined, startedBetween(1, at(1), at(1)))).toBe(false);
  });
});

describe('the pause before another attempt', () => {
  it.each([
    [0, 0.5, 0],
    [1, 0, 0.5],
    [1, 1, 1],
    [2, 1, 2],
    [5, 1, 16],
    [7, 1, 60],
    [1000, 1, 60],
    [1000, 0, 30],
  ])('after %i failures with chance %d is %d s', (failures, chance, seconds) => {
    expect(retryAfterSeconds(failures, chance)).toBe(seconds);
  });
});
