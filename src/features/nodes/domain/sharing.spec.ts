import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairShare, GIVING_SECONDS, planGiving } from './sharing.js';

describe('the fair share', () => {
  it.each([
    [0, 1, 0],
    [1, 3, 1],
    [10, 3, 4],
    [500, 3, 167],
    [5, 0, 5],
  ])('of %i nodes among %i replicas is %i', (nodes, replicas, share) => {
    expect(fairShare({ nodes, replicas })).toBe(share);
  });
});

/** The turns until a replica has given up what it has too many. */
function turns(owned: number, share: number): number[] {
  const given: number[] = [];
  for (let pace = 0; ; given.push(pace)) {
    pace = planGiving(owned, share, pace);
    if (pace === 0) return given;
    owned -= pace;
  }
}

describe('giving nodes up', () => {
  it.each([
    [2, 1, [1]],
    [12, 6, [1, 1, 1, 1, 1, 1]],
    [50, 25, [3, 3, 3, 3, 3, 3, 3, 3, 1]],
    [3, 3, []],
    [2, 5, []],
  ])('from %i to %i goes %j', (owned, share, expected) => {
    expect(turns(owned, share)).toEqual(expected);
  });

  it('ends within a minute at exactly the share, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (owned, share) => {
        const given = turns(owned, share);
        expect(given.reduce((sum, count) => sum + count, 0)).toBe(Math.max(0, owned - share));
        expect(given.length * GIVING_SECONDS).toBeLessThanOrEqual(60);
      }),
    );
  });

  it('leaves no node without an owner and no replica above its share, for any number of both', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.array(fc.nat(100), { minLength: 1, maxLength: 8 }), (nodes, weights) => {
        const share = fairShare({ nodes, replicas: weights.length });
        let free = nodes;
        const owned = weights.map((weight) => {
          const taken = Math.min(free, weight);
          free -= taken;
          return taken;
        });
        const paces = owned.map(() => 0);
        for (let turn = 0; turn < 13; turn++) {
          owned.forEach((count, replica) => {
            paces[replica] = planGiving(count, share, paces[replica]!);
            owned[replica] = count - paces[replica]!;
            free += paces[replica]!;
          });
          owned.forEach((count, replica) => {
            const taken = Math.max(0, Math.min(free, share - count));
            owned[replica] = count + taken;
            free -= taken;
          });
        }
        expect(free).toBe(0);
        expect(Math.max(0, ...owned)).toBeLessThanOrEqual(share);
      }),
    );
  });
});
