import type { NodeKind } from '../node.js';

/** How long a lease lives without being renewed. */
export const LEASE_SECONDS = 15;

/** The right to act on a node. The epoch is part of every write about the node: an older one is refused. */
export interface Grant {
  nodeId: number;
  kind: NodeKind;
  epoch: bigint;
}

/** Another replica works on the node now; nothing of this one may be written any more. */
export class LeaseLost extends Error {
  constructor(nodeId: number) {
    super(`Node ${nodeId} belongs to another replica now`);
    this.name = 'LeaseLost';
  }
}
