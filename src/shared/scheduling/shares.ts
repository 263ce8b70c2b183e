/** Divides what can be done at a time among those who are at work: nobody waits for another, and each has less the more there are. */
export class Shares {
  private working = 0;

  /** `total` for all together, but `least` for each, which may be more; and `most`. */
  constructor(
    private readonly total: number,
    private readonly least: number,
    private readonly most: number,
  ) {}

  /** Counts whoever does `work` among those at work, until it ends. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.working++;
    try {
      return await work();
    } finally {
      this.working--;
    }
  }

  /** What one of those who are at work now may do at a time. */
  get each(): number {
    const share = Math.floor(this.total / Math.max(1, this.working));
    return Math.min(this.most, Math.max(this.least, share));
  }
}
