/** A place in the stream of user changes, in the order of transactions. */
export interface Cursor {
  xid: bigint;
  seq: bigint;
}

/** A cursor means something in the outbox it is a place in, and in no other database or history. */
export interface OutboxPlace {
  outboxId: string;
  cursor: Cursor;
}

export interface UserChange extends Cursor {
  userId: number;
  /** The name the cores know the user by, also after it was renamed or deleted. */
  email: string;
  /** Keys of credentials that cores forget with it, for others too. */
  released: readonly string[] | null;
}

/** What a reader of changes has had: everything up to the cursor, and beyond it the listed ones. */
export interface ReadPosition {
  cursor: Cursor;
  beyond: readonly Cursor[];
}

export function startAt(cursor: Cursor): ReadPosition {
  return { cursor, beyond: [] };
}

export function isAfter(a: Cursor, b: Cursor): boolean {
  return a.xid > b.xid || (a.xid === b.xid && a.seq > b.seq);
}

/** Those of `rows` that a reader at `position` has not had. */
export function newTo<C extends Cursor>({ cursor, beyond }: ReadPosition, rows: readonly C[]): C[] {
  const had = new Set(beyond.map(({ seq }) => seq));
  return rows.filter((row) => isAfter(row, cursor) && !had.has(row.seq));
}

/** The newest position from which nothing is missed that a reader at any of these has not had. */
export function before(positions: readonly ReadPosition[]): ReadPosition {
  const [first, ...others] = positions;
  const cursor = others.reduce(
    (oldest, other) => (isAfter(oldest, other.cursor) ? other.cursor : oldest),
    first!.cursor,
  );
  return {
    cursor,
    beyond: others.reduce((had, other) => withoutAll(had, newTo(other, had)), first!.beyond),
  };
}

/**
 * The position after reading `rows`: those visible in one snapshot after `position`, or an earlier one, in order,
 * at most `limit`. `horizon` is the snapshot's oldest transaction still open.
 *
 * Transactions become visible in another order than they begin. Whatever began before the horizon has ended, so
 * nothing can appear there any more and the cursor may move up to it; beyond it what was had is remembered.
 */
export function advance(
  position: ReadPosition,
  rows: readonly Cursor[],
  horizon: bigint,
  limit: number,
): ReadPosition {
  const last = rows.at(-1);
  const more = rows.length >= limit && last !== undefined && last.xid < horizon;
  const reached = more ? { xid: last.xid, seq: last.seq } : { xid: horizon, seq: 0n };
  const cursor = isAfter(reached, position.cursor) ? reached : position.cursor;
  const had = [...position.beyond, ...newTo(position, rows)];
  return { cursor, beyond: had.filter((one) => isAfter(one, cursor)) };
}

function withoutAll(all: readonly Cursor[], some: readonly Cursor[]): readonly Cursor[] {
  return some.length === 0 ? all : all.filter((one) => !some.includes(one));
}
