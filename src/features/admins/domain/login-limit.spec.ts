import { describe, expect, it } from 'vitest';
import { type LimitedBy, waitSeconds } from './login-limit.js';

const now = new Date('2026-11-23T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);

describe('the wait after failed logins', () => {
  it.each<[string, LimitedBy, number, number, number]>([
    // what, counted by, failures, seconds since the last, wait
    ['is none for the first few failures', 'name_and_address', 4, 0, 0],
    ['starts at a second', 'name_and_address', 5, 0, 1],
    ['doubles', 'name_and_address', 8, 0, 8],
    ['counts from the last failure', 'name_and_address', 8, 5, 3],
    ['is over when it has passed', 'name_and_address', 8, 8, 0],
    ['has an end', 'name_and_address', 500, 0, 900],
    ['is forgotten after an hour', 'name_and_address', 500, 3600, 0],
    ['lets an address fail with several names', 'address', 19, 0, 0],
    ['stops an address that tries many names', 'address', 30, 0, 60],
    ['lets a name be guessed at from many addresses for a while', 'name', 49, 0, 0],
    ['stays short for a name, whose owner must get through', 'name', 100_000, 0, 10],
  ])('%s', (_, by, failures, since, expected) => {
    expect(waitSeconds(by, { failures, lastAt: ago(since) }, now)).toBe(expected);
  });

  it('is none without failures', () => {
    expect(waitSeconds('address', undefined, now)).toBe(0);
  });
});
