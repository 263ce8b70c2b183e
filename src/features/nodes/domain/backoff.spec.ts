import { describe, expect, it } from 'vitest';
import { retryAfterSeconds, retryRefusedAfterSeconds } from './backoff.js';

describe('pauses between attempts', () => {
  it('grow with each failure, up to a minute', () => {
    expect([0, 1, 2, 3, 6, 7, 100].map((failures) => retryAfterSeconds(failures, 1))).toEqual([
      0, 1, 2, 4, 32, 60, 60,
    ]);
    expect(retryAfterSeconds(3, 0)).toBe(2);
  });

  it('are longer where each attempt cuts users off, up to an hour', () => {
    expect([1, 2, 3, 9, 10, 2_000].map((refusals) => retryRefusedAfterSeconds(refusals, 1))).toEqual([
      10, 20, 40, 2_560, 3_600, 3_600,
    ]);
    expect(retryRefusedAfterSeconds(1, 0)).toBe(5);
  });
});
