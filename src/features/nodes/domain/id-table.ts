/** Half of the places stay free, or looking for one would take long. */
const SMALLEST = 16;
const WORDS = 4;

/**
 * Two 64-bit numbers for each of many ids (positive, 32 bits), zero at first, in a fourth of the memory that a Map of objects
 * takes. Places stay as they are until an id is added.
 */
export class IdTable {
  private ids = new Int32Array(SMALLEST);
  /** Two of each place. */
  longs = new BigInt64Array(SMALLEST * 2);
  /** The same as four numbers of 32 bits each. */
  words = new Int32Array(this.longs.buffer);
  private size = 0;

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
    if (++this.size * 2 > this.capacity) {
      this.grow();
      return this.place(id);
    }
    this.ids[place] = id;
    return place;
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
    this.size = 0;
    for (let from = 0; from < ids.length; from++) {
      if (ids[from] === 0) continue;
      const to = this.place(ids[from]!);
      for (let i = 0; i < WORDS; i++) this.words[to * WORDS + i] = words[from * WORDS + i]!;
    }
  }
}
