/** A delivery that is due, and the one before it of the same user and target that has not ended either. */
export interface Due {
  id: bigint;
  tries: number;
  before: { id: bigint; sendAt: Date } | null;
}

export interface Order<D extends Due> {
  /** May be sent now, in this order. */
  ready: D[];
  /** Have to wait as long as the one before them does. */
  waiting: { id: bigint; sendAt: Date }[];
}

/**
 * What may be sent of what is due, so that nobody hears of a user's second event before the first. `due` holds, of one target,
 * those with the earliest times: one before that is not among them is not due yet, or is due later.
 */
export function inOrder<D extends Due>(due: readonly D[]): Order<D> {
  const ready = new Map<bigint, D>();
  const waiting = new Map<bigint, Date>();
  for (const delivery of due.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const { id, before } = delivery;
    if (before === null || ready.has(before.id)) ready.set(id, delivery);
    else waiting.set(id, waiting.get(before.id) ?? before.sendAt);
  }
  return {
    ready: [...ready.values()],
    waiting: [...waiting].map(([id, sendAt]) => ({ id, sendAt })),
  };
}

/**
 * The part of it that makes one message. The last attempt of each is made alone, so that one which the target never takes does
 * not take others with it.
 */
export function nextMessage<D extends Due>(ready: readonly D[], most: number, retries: number): D[] {
  const isLast = ({ tries }: D) => retries > 0 && tries >= retries;
  const alone = ready.findIndex(isLast);
  if (alone === 0) return ready.slice(0, 1);
  return ready.slice(0, Math.min(most, alone < 0 ? most : alone));
}
