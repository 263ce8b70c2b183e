const MINUTE_MS = 60_000;

/** Lets so many through in a minute, however many come. */
export class PerMinute {
  private since = -Infinity;
  private passed = 0;

  constructor(private readonly most: number) {}

  /** @param now milliseconds of a clock that only goes on */
  pass(now: number): 'passes' | 'first refused' | 'refused' {
    if (now - this.since >= MINUTE_MS) {
      this.since = now;
      this.passed = 0;
    }
    this.passed++;
    if (this.passed <= this.most) return 'passes';
    return this.passed === this.most + 1 ? 'first refused' : 'refused';
  }
}
