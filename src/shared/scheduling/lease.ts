import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';

/** A lease is believed shorter than the database keeps it, for a process that was held up may not know the time. */
const MARGIN_SECONDS = 3;

/** A right of this process that lasts as long as it is renewed, as far as that is known without asking the database. */
export class Lease {
  private readonly aborter = new AbortController();
  private until = 0;
  private expiry: NodeJS.Timeout | undefined;

  /**
   * The database keeps it for `seconds`. `since` is when it was asked for, in milliseconds of the monotonic clock: the answer
   * may have come late.
   */
  constructor(
    private readonly seconds: number,
    since: number,
  ) {
    setMaxListeners(0, this.signal); // one per call in flight
    this.renewed(since);
  }

  /** Aborted once the lease is over, for good: nothing may outlive the right to do it. */
  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  get isHeld(): boolean {
    return performance.now() <= this.until;
  }

  renewed(since: number): void {
    if (this.signal.aborted) return;
    this.until = since + (this.seconds - MARGIN_SECONDS) * 1000;
    clearTimeout(this.expiry);
    this.expiry = setTimeout(() => this.end(), this.until - performance.now());
    this.expiry.unref();
  }

  end(): void {
    clearTimeout(this.expiry);
    this.until = -Infinity;
    this.aborter.abort();
  }
}
