import type { CoreConnection } from '../adapters/core-connection.js';
import type { AccountOperations } from '../domain/account-operations.js';
import type { NodeLease } from './node-lease.js';
import type { NodeServices } from './node-services.js';

/** Who cares for the core of a node, and with what. */
export interface CoreContext {
  services: NodeServices;
  lease: NodeLease;
  connection: CoreConnection;
  /** Counts what is done about accounts. */
  operations: AccountOperations;
  /** Aborted when all work on the node has to end. */
  signal: AbortSignal;
  /** Tells whoever cares that there is something to do. */
  wake(): void;
}
