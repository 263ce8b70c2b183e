/** A place in the stream of user changes, in the order of transactions. */
export interface Cursor {
  xid: bigint;
  seq: bigint;
}

export interface UserChange extends Cursor {
  userId: number;
  /** The name the cores know the user by, also after it was renamed or deleted. */
  email: string;
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

/**
 * The position after reading `rows`: those visible in one snapshot after the cursor and not had before, in order,
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
  return { cursor, beyond: [...position.beyond, ...rows].filter((had) => isAfter(had, cursor)) };
}
