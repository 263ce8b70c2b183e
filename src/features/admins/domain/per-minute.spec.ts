import { describe, expect, it } from 'vitest';
import { PerMinute } from './per-minute.js';

describe('what is let through in a minute', () => {
  it('are so many, the first too many is told apart, and the next minute begins anew', () => {
    const gate = new PerMinute(2);
    const times = [5, 6, 7, 60_004, 60_005, 60_006, 60_007, 120_005];
    expect(times.map((now) => gate.pass(now))).toEqual([
      'passes',
      'passes',
      'first refused',
      'refused',
      'passes',
      'passes',
      'first refused',
      'passes',
    ]);
  });
});
