import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { type Grant, LEASE_SECONDS, LeaseLost } from '../domain/grant.js';

/** A lease is believed shorter than the database keeps it, for a process that was held up may not know the time. */
const MARGIN_SECONDS = 3;

/** The right of this process to act on a node, as far as it knows without asking. */
export class NodeLease {
  private readonly aborter = new AbortController();
  private until = 0;
  private expiry: NodeJS.Timeout | undefined;

  /** `since` is when the request for the lease was sent, in milliseconds of the monotonic clock. */
  constructor(
    readonly grant: Grant,
    since: number,
  ) {
    setMaxListeners(0, this.signal); // one per call in flight
    this.renewed(since);
  }

  /** Aborted once the lease is over, for good: no call to the node may outlive the right to make it. */
  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  renewed(since: number): void {
    if (this.signal.aborted) return;
    this.until = since + (LEASE_SECONDS - MARGIN_SECONDS) * 1000;
    clearTimeout(this.expiry);
    this.expiry = setTimeout(() => this.end(), this.until - performance.now());
    this.expiry.unref();
  }

  end(): void {
    clearTimeout(this.expiry);
    this.until = -Infinity;
    this.aborter.abort();
  }

  /** @throws LeaseLost unless this process surely owns the node */
  assertHeld(): void {
    if (performance.now() > this.until) throw new LeaseLost(this.grant.nodeId);
  }
}
