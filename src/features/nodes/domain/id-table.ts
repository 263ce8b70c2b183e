/** Half of the places stay free, or looking for one would take long. */
const SMALLEST = 16;
const WORDS = 4;
const WORD = 2 ** 32;
/** Of a number of 64 bits, which of its words is the lower one on this machine. */
const LOW = new Int32Array(BigInt64Array.of(1n).buffer)[0] === 1 ? 0 : 1;

/**
 * Two 64-bit numbers for each of many ids (positive, 32 bits), zero at first, in a fourth of the memory that a Map of objects
 * takes. Places stay as they are until an id is added.
 */
export class IdTable {
  private ids: Int32Array;
  /** Two of each place. */
  longs: BigInt64Array;
  /** The same as four numbers of 32 bits each. */
  words: Int32Array;
  private count = 0;

  /** With room for so many ids before it has to grow. */
  constructor(room = 0) {
    const capacity = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(Math.max(1, room * 2))));
    this.ids = new Int32Array(capacity);
    this.longs = new BigInt64Array(capacity * 2);
    this.words = new Int32Array(this.longs.buffer);
  }

  /** How many ids there are. */
  get size(): number {
    return this.count;
  }

  get capacity(): number {
    return this.ids.length;
  }

  /** Zero: the place is free. */
  idAt(place: number): number {
    return this.ids[place]!;
  }

  /** Where the id is; it is added when it is not there. */
  place(id: number): number {
    const place = this.lookUp(id);
    if (this.ids[place] === id) return place;
    if (++this.count * 2 > this.capacity) {
      this.grow();
      return this.place(id);
    }
    this.ids[place] = id;
    return place;
  }

  /** Adds to one of the two numbers of a place. A `bigint` would be made of each, were they added as such. */
  add(place: number, which: 0 | 1, value: number | bigint): void {
    const long = place * 2 + which;
    if (typeof value === 'bigint') {
      this.longs[long]! += value;
      return;
    }
    const { words } = this;
    const [low, high] = [long * 2 + LOW, long * 2 + 1 - LOW];
    const sum = (words[low]! >>> 0) + (value % WORD);
    words[low] = sum; // modulo 2^32
    words[high]! += Math.floor(value / WORD) + (sum >= WORD ? 1 : 0);
  }

  /** Where the id is; undefined when it is not there. */
  find(id: number): number | undefined {
    const place = this.lookUp(id);
    return this.ids[place] === id ? place : undefined;
  }

  /** Whether the other one has the same numbers for the id at this place; what it lacks is zero. */
  isSame(place: number, other: IdTable): boolean {
    const there = other.find(this.idAt(place));
    for (let i = 0; i < WORDS; i++) {
      const value = there === undefined ? 0 : other.words[there * WORDS + i];
      if (this.words[place * WORDS + i] !== value) return false;
    }
    return true;
  }

  private lookUp(id: number): number {
    const mask = this.capacity - 1;
    let place = (Math.imul(id, 0x9e3779b1) >>> 7) & mask; // the high bits differ most
    while (this.ids[place] !== 0 && this.ids[place] !== id) place = (place + 1) & mask;
    return place;
  }

  private grow(): void {
    const { ids, words } = this;
    this.ids = new Int32Array(ids.length * 2);
    this.longs = new BigInt64Array(ids.length * 4);
    this.words = new Int32Array(this.longs.buffer);
    this.count = 0;
    for (let from = 0; from < ids.length; from++) {
      if (ids[from] === 0) continue;
      const to = this.place(ids[from]!);
      for (let i = 0; i < WORDS; i++) this.words[to * WORDS + i] = words[from * WORDS + i]!;
    }
  }
}
