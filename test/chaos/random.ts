/** Chance that is the same again for the same seed. */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 up to 1. The generator is "mulberry32". */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `least` up to `most`, a whole number. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** One of them; undefined when there is none. */
  one<T>(of: readonly T[]): T | undefined {
    return of[this.between(0, of.length - 1)];
  }

  /** All of them, in any order. */
  shuffled<T>(all: readonly T[]): T[] {
    const left = [...all];
    return all.map(() => left.splice(this.between(0, left.length - 1), 1)[0]!);
  }

  /** Another one, whose numbers do not depend on how many are drawn from this one. */
  fork(): Chance {
    return new Chance(this.between(0, 2 ** 32 - 1));
  }
}
