import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairShare, Giving } from './sharing.js';

describe('the fair share', () => {
  it.each([
    [0, 1, [0]],
    [1, 3, [1, 0, 0]],
    [4, 3, [2, 1, 1]],
    [10, 3, [4, 3, 3]],
    [500, 3, [167, 167, 166]],
  ])('of %i nodes among %i replicas, eldest first, is %j', (nodes, replicas, shares) => {
    expect(shares.map((_, elder) => fairShare({ nodes, replicas, elder }))).toEqual(shares);
  });

  it('is everything for a replica that sees none alive', () => {
    expect(fairShare({ nodes: 5, replicas: 0, elder: 0 })).toBe(5);
  });

  it('of all together is exactly what there is, and nobody has two more than another', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 20 }), (nodes, replicas) => {
        const shares = Array.from({ length: replicas }, (_, elder) => fairShare({ nodes, replicas, elder }));
        expect(shares.reduce((sum, share) => sum + share)).toBe(nodes);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('giving nodes up', () => {
  /** What a replica gives up in each turn until it has its share. */
  const turns = (owned: number, share: number): number[] => {
    const giving = new Giving();
    const given: number[] = [];
    for (let now = 0; ; now += 5_000) {
      const count = giving.due(now, owned, share);
      if (count === 0) return given;
      given.push(count);
      owned -= count;
    }
  };

  it.each([
    [2, 1, [1]],
    [12, 6, [1, 1, 1, 1, 1, 1]],
    [50, 25, [3, 3, 3, 3, 3, 3, 3, 3, 1]],
    [3, 3, []],
    [2, 5, []],
  ])('from %i to %i goes %j', (owned, share, expected) => {
    expect(turns(owned, share)).toEqual(expected);
  });

  it('keeps its turns of five seconds, however late it is asked, and makes up for none', () => {
    const giving = new Giving();
    const given = Array.from({ length: 11 }, (_, look) => giving.due(look * 2_000, 9, 1) > 0);
    expect(given.flatMap((gives, look) => (gives ? [look * 2] : []))).toEqual([0, 6, 10, 16, 20]);
    expect(giving.due(100_000, 9, 1)).toBe(1);
    expect(giving.due(104_000, 9, 1)).toBe(0);
  });
});

/** How often a replica looks, a tenth more or less: as the loop does it. */
const LOOK_MS = 2_000;

class SimulatedReplica {
  readonly giving = new Giving();
  nextLook: number;

  constructor(
    readonly owned: Set<number>,
    readonly chance: () => number,
  ) {
    this.nextLook = chance() * LOOK_MS;
  }
}

/** Replicas that look in turn for `seconds`; gives how often each node has moved, and when the last one did. */
function simulate(replicas: readonly SimulatedReplica[], free: Set<number>, seconds: number) {
  const nodes = free.size + replicas.reduce((sum, { owned }) => sum + owned.size, 0);
  const moves = new Map<number, number>();
  let lastMoveAt = 0;
  for (;;) {
    const replica = replicas.reduce((next, other) => (other.nextLook < next.nextLook ? other : next));
    const now = replica.nextLook;
    if (now > seconds * 1000) return { moves, lastMoveAt: lastMoveAt / 1000 };
    const { owned } = replica;
    const share = fairShare({ nodes, replicas: replicas.length, elder: replicas.indexOf(replica) });
    for (const node of [...free].slice(0, Math.max(0, share - owned.size))) {
      free.delete(node);
      owned.add(node);
      lastMoveAt = now;
    }
    for (const node of [...owned].slice(0, replica.giving.due(now, owned.size, share))) {
      owned.delete(node);
      free.add(node);
      moves.set(node, (moves.get(node) ?? 0) + 1);
    }
    replica.nextLook += LOOK_MS * (0.9 + 0.2 * replica.chance());
  }
}

/** Replicas that own so many nodes of these, and the nodes that nobody owns. */
function scene(nodes: number, counts: readonly number[], chance: () => number) {
  const free = new Set(Array.from({ length: nodes }, (_, node) => node));
  const replicas = counts.map((count) => {
    const own = [...free].slice(0, count);
    for (const node of own) free.delete(node);
    return new SimulatedReplica(new Set(own), chance);
  });
  return { replicas, free };
}

describe('nodes that are shared out', () => {
  it.each([
    [203, [101, 1, 101]],
    [203, [102, 0, 101]],
    [500, [500, 0]],
    [500, [250, 250, 0]],
    [4, [2, 2, 0]],
    [9, [2, 2, 2, 2, 1, 0, 0, 0]],
  ])('%i, owned %j, are in balance within a minute, each moved once at most', (nodes, counts) => {
    for (const chance of [0, 0.5, 0.999]) isBalanced(nodes, counts, () => chance);
  });

  it('are in balance within a minute, each moved once at most, and move no more after that', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.array(fc.nat(500), { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (nodes, counts, chances) => isBalanced(nodes, counts, () => chances.next().value!),
      ),
    );
  });

  function isBalanced(nodes: number, counts: readonly number[], chance: () => number): void {
    const { replicas, free } = scene(nodes, counts, chance);
    const { moves, lastMoveAt } = simulate(replicas, free, 300);
    const shares = replicas.map((_, elder) => fairShare({ nodes, replicas: replicas.length, elder }));
    expect(replicas.map(({ owned }) => owned.size)).toEqual(shares);
    expect(lastMoveAt).toBeLessThanOrEqual(60);
    expect(Math.max(0, ...moves.values())).toBeLessThanOrEqual(1);
  }
});
