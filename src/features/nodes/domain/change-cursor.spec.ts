import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, before, type Cursor, isAfter, newTo, type ReadPosition, startAt } from './change-cursor.js';

/** A table of changes as PostgreSQL shows it: rows appear when their transaction ends, in any order. */
class Outbox {
  private readonly rows: (Cursor & { xid: bigint })[] = [];
  private readonly open = new Set<bigint>();
  private nextXid = 1n;
  private nextSeq = 1n;

  begin(changes: number): bigint {
    const xid = this.nextXid++;
    this.open.add(xid);
    for (let i = 0; i < changes; i++) this.rows.push({ xid, seq: this.nextSeq++ });
    return xid;
  }

  end(index: number): void {
    const xid = [...this.open][index % Math.max(1, this.open.size)];
    if (xid !== undefined) this.open.delete(xid);
  }

  read({ cursor, beyond }: ReadPosition, limit: number): { rows: Cursor[]; horizon: bigint } {
    const horizon = [...this.open].reduce((lowest, xid) => (xid < lowest ? xid : lowest), this.nextXid);
    const had = new Set(beyond.map(({ seq }) => seq));
    const rows = this.rows
      .filter((row) => !this.open.has(row.xid) && isAfter(row, cursor) && !had.has(row.seq))
      .sort((a, b) => (isAfter(a, b) ? 1 : -1));
    return { rows: rows.slice(0, limit), horizon };
  }

  get all(): bigint[] {
    return this.rows.map(({ seq }) => seq).sort((a, b) => Number(a - b));
  }
}

/** What was had beyond the cursor is a set. */
const inOrder = ({ cursor, beyond }: ReadPosition) => ({
  cursor,
  beyond: beyond.toSorted((a, b) => (isAfter(a, b) ? 1 : -1)),
});

describe('reading the outbox', () => {
  it('gives every change exactly once, in whatever order transactions end', () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant('begin' as const), changes: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ do: fc.constant('end' as const), index: fc.nat(9) }),
      fc.record({ do: fc.constant('read' as const) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (acts, limit) => {
        const outbox = new Outbox();
        const got: bigint[] = [];
        let position = startAt({ xid: 0n, seq: 0n });
        const read = () => {
          const { rows, horizon } = outbox.read(position, limit);
          got.push(...rows.map(({ seq }) => seq));
          position = advance(position, rows, horizon, limit);
          return rows.length;
        };
        for (const step of acts) {
          if (step.do === 'begin') outbox.begin(step.changes);
          else if (step.do === 'end') outbox.end(step.index);
          else read();
        }
        for (let i = 0; i < 60; i++) outbox.end(0);
        while (read() > 0);
        expect(got.toSorted((a, b) => Number(a - b))).toEqual(outbox.all);
        expect(position.beyond).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('gives every change exactly once to each who reads together with others, wherever they stand', () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant('begin' as const), changes: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ do: fc.constant('end' as const), index: fc.nat(9) }),
      fc.record({ do: fc.constant('read alone' as const), index: fc.nat(2) }),
      fc.record({ do: fc.constant('read together' as const) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const outbox = new Outbox();
        const readers = [1, 2, 3].map(() => ({
          position: startAt({ xid: 0n, seq: 0n }),
          got: [] as bigint[],
        }));
        const read = (those: typeof readers) => {
          const { rows, horizon } = outbox.read(before(those.map(({ position }) => position)), 1_000);
          for (const reader of those) {
            reader.got.push(...newTo(reader.position, rows).map(({ seq }) => seq));
            reader.position = advance(reader.position, rows, horizon, 1_000);
          }
        };
        for (const step of acts) {
          if (step.do === 'begin') outbox.begin(step.changes);
          else if (step.do === 'end') outbox.end(step.index);
          else if (step.do === 'read alone') read([readers[step.index]!]);
          else read(readers);
        }
        read(readers);
        const [first, ...others] = readers.map(({ position }) => inOrder(position));
        for (const other of others) expect(other).toEqual(first);
        for (let i = 0; i < 60; i++) outbox.end(0);
        read(readers);
        for (const { got } of readers) expect(got.toSorted((a, b) => Number(a - b))).toEqual(outbox.all);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves nothing behind the cursor that can still appear', () => {
    const position = advance(startAt({ xid: 5n, seq: 0n }), [{ xid: 9n, seq: 3n }], 7n, 100);
    expect(position).toEqual({ cursor: { xid: 7n, seq: 0n }, beyond: [{ xid: 9n, seq: 3n }] });
  });

  it('never goes back', () => {
    expect(advance(startAt({ xid: 9n, seq: 2n }), [], 8n, 100).cursor).toEqual({ xid: 9n, seq: 2n });
  });
});
