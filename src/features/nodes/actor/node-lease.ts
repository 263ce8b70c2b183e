import { Lease } from '../../../shared/scheduling/lease.js';
import { type Grant, LEASE_SECONDS, LeaseLost } from '../domain/grant.js';

/** The right of this process to act on a node. */
export class NodeLease extends Lease {
  constructor(
    readonly grant: Grant,
    since: number,
  ) {
    super(LEASE_SECONDS, since);
  }

  /** @throws LeaseLost unless this process surely owns the node */
  assertHeld(): void {
    if (!this.isHeld) throw new LeaseLost(this.grant.nodeId);
  }
}
