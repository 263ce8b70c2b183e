const CHUNK = 1 << 16;

/** A set of positive ids, a bit each: a million takes no more than a picture does. */
export class IdSet {
  private readonly chunks = new Map<number, Uint8Array>();
  size = 0;

  add(id: number): void {
    const at = Math.floor(id / CHUNK);
    let chunk = this.chunks.get(at);
    if (!chunk) this.chunks.set(at, (chunk = new Uint8Array(CHUNK / 8)));
    const [byte, bit] = [(id % CHUNK) >> 3, 1 << (id & 7)];
    if (chunk[byte]! & bit) return;
    chunk[byte]! |= bit;
    this.size++;
  }

  has(id: number): boolean {
    const chunk = this.chunks.get(Math.floor(id / CHUNK));
    return chunk !== undefined && (chunk[(id % CHUNK) >> 3]! & (1 << (id & 7))) !== 0;
  }
}
