import { describe, expect, it } from 'vitest';
import { type FailureCounts, type LimitedBy, limitLogin } from './login-limit.js';

const failed = (failures: number, secondsAgo = 0) => ({ failures, secondsAgo });

describe('an attempt to log in', () => {
  it.each<[string, LimitedBy, number, number, number]>([
    // what, counted by, failures, seconds since the last, refused for
    ['is free after the first few failures', 'name_and_address', 4, 0, 0],
    ['is refused for a second', 'name_and_address', 5, 0, 1],
    ['is refused for twice as long each time', 'name_and_address', 8, 0, 8],
    ['is refused from the last failure on', 'name_and_address', 8, 5, 3],
    ['is free when that has passed', 'name_and_address', 8, 8, 0],
    ['is refused for a quarter of an hour at most', 'name_and_address', 500, 0, 900],
    ['is free an hour after the last failure', 'name_and_address', 500, 3600, 0],
    ['is free from an address that failed with several names', 'address', 19, 0, 0],
    ['is refused for a minute to an address that tries many names', 'address', 30, 0, 60],
    ['is never refused for what others do to the name', 'name', 100_000, 0, 0],
  ])('%s', (_, by, failures, since, refusedFor) => {
    for (const isKnown of [false, true]) {
      expect(limitLogin({ [by]: failed(failures, since) }, isKnown).refusedFor).toBe(refusedFor);
    }
  });

  it.each<[string, number, number, boolean, number]>([
    // what, failures of the name, seconds since the last, known, delayed by
    ['is not delayed by a few failures of others', 49, 0, false, 0],
    ['is delayed from new places once many have failed', 50, 0, false, 1],
    ['is delayed by three seconds at most', 100_000, 0, false, 3],
    ['is not delayed when nobody else tries', 100_000, 3, false, 0],
    ['is not delayed where the owner logged in before', 100_000, 0, true, 0],
  ])('%s', (_, failures, since, isKnown, delayedBy) => {
    expect(limitLogin({ name: failed(failures, since) }, isKnown)).toEqual({ refusedFor: 0, delayedBy });
  });

  it('meets the strictest of several limits, known or not', () => {
    const counts: FailureCounts = {
      name_and_address: failed(6),
      address: failed(24),
      name: failed(1_000),
    };
    expect(limitLogin(counts, false)).toEqual({ refusedFor: 16, delayedBy: 3 });
    expect(limitLogin(counts, true)).toEqual({ refusedFor: 16, delayedBy: 0 });
  });

  it('is free without failures', () => {
    expect(limitLogin({}, false)).toEqual({ refusedFor: 0, delayedBy: 0 });
  });
});
