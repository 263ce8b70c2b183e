import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Due, inOrder, nextMessage } from './order.js';

const at = (seconds: number) => new Date(seconds * 1000);
const due = (id: number, before: [id: number, seconds: number] | null = null, tries = 0): Due => ({
  id: BigInt(id),
  tries,
  before: before && { id: BigInt(before[0]), sendAt: at(before[1]) },
});
const ids = (list: readonly { id: bigint }[]) => list.map(({ id }) => Number(id));

describe('what is due', () => {
  it.each<[string, Due[], number[], [number, number][]]>([
    ['goes in the order it happened', [due(3), due(1)], [1, 3], []],
    ['goes together with what is before it', [due(2, [1, 5]), due(1)], [1, 2], []],
    ['waits for what is before it and not due', [due(2, [1, 99])], [], [[2, 99]]],
    ['waits with whatever waits before it', [due(3, [2, 5]), due(2, [1, 99])], [], [[2, 99], [3, 99]]], // prettier-ignore
  ])('%s', (_, given, ready, waiting) => {
    const order = inOrder(given);
    expect(ids(order.ready)).toEqual(ready);
    expect(order.waiting).toEqual(waiting.map(([id, seconds]) => ({ id: BigInt(id), sendAt: at(seconds) })));
  });
});

describe('a message', () => {
  it.each<[string, number[], number, number]>([
    ['holds as many as there are', [0, 1, 0], 3, 3],
    ['holds no more than it may', [0, 0, 0, 0, 0, 0], 3, 5],
    ['holds a last attempt alone', [3, 0, 0], 3, 1],
    ['ends before a last attempt', [0, 1, 3, 0], 3, 2],
    ['is full where every attempt is the last', [0, 0, 0], 0, 3],
  ])('%s', (_, tries, retries, count) => {
    const ready = tries.map((done, id) => due(id, null, done));
    expect(nextMessage(ready, 5, retries)).toEqual(ready.slice(0, count));
  });
});

/** A queue of one target as the database keeps it, in time that is not waited for. */
function simulate(owners: readonly number[], outcomes: readonly boolean[], limit: number): number[] {
  const queue = owners.map((owner, id) => ({ id: BigInt(id), owner, sendAt: id % 7, tries: 0 }));
  const pending = new Set(queue);
  const sent: number[] = [];
  for (let now = 0, turn = 0; pending.size > 0;) {
    const earliest = [...pending]
      .filter(({ sendAt }) => sendAt <= now)
      .toSorted((a, b) => a.sendAt - b.sendAt || Number(a.id - b.id))
      .slice(0, limit);
    const rows = earliest.map((row) => {
      const before = [...pending].findLast(({ owner, id }) => owner === row.owner && id < row.id);
      return { ...row, row, before: before ? { id: before.id, sendAt: at(before.sendAt) } : null };
    });
    if (rows.length === 0) {
      now = Math.min(...[...pending].map(({ sendAt }) => sendAt));
      continue;
    }
    const { ready, waiting } = inOrder(rows);
    for (const { id, sendAt } of waiting) queue[Number(id)]!.sendAt = sendAt.getTime() / 1000;
    const message = nextMessage(ready, limit, 3);
    const isWell = outcomes[turn++ % outcomes.length]!;
    for (const { row } of message) {
      if (isWell) sent.push(Number(row.id));
      if (isWell || row.tries === 3) pending.delete(row);
      row.sendAt = now + 5;
      row.tries++;
    }
    now++;
  }
  return sent;
}

it('nobody hears of the events of a user in another order, whatever fails', () => {
  const owners = fc.array(fc.nat(3), { minLength: 1, maxLength: 30 });
  const outcomes = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(owners, outcomes, fc.integer({ min: 1, max: 5 }), (whose, fates, limit) => {
      const sent = simulate(whose, fates, limit);
      expect(new Set(sent).size).toBe(sent.length);
      for (const owner of new Set(whose)) {
        const own = sent.filter((id) => whose[id] === owner);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
    }),
  );
});
