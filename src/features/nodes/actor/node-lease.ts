import { performance } from 'node:perf_hooks';
import { type Grant, LEASE_SECONDS, LeaseLost } from '../domain/grant.js';

/** A lease is believed shorter than the database keeps it, for a process that was held up may not know the time. */
const MARGIN_SECONDS = 3;

/** The right of this process to act on a node, as far as it knows without asking. */
export class NodeLease {
  private until: number;

  /** `since` is when the request for the lease was sent, in milliseconds of the monotonic clock. */
  constructor(
    readonly grant: Grant,
    since: number,
  ) {
    this.until = since + (LEASE_SECONDS - MARGIN_SECONDS) * 1000;
  }

  renewed(since: number): void {
    this.until = since + (LEASE_SECONDS - MARGIN_SECONDS) * 1000;
  }

  end(): void {
    this.until = -Infinity;
  }

  /** @throws LeaseLost unless this process surely owns the node */
  assertHeld(): void {
    if (performance.now() > this.until) throw new LeaseLost(this.grant.nodeId);
  }
}
