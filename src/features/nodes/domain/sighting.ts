import type { AccountOperations } from './account-operations.js';

/** What the owner of a node has seen of it lately; null is what it does not know, such as without a core. */
export interface Sighting {
  /** Users whose accounts are not yet what they should be. */
  pending: number | null;
  /** Accounts of users that the core has, each inbound counted by itself. */
  accounts: number | null;
  /** Since the owner took the node. */
  operations: AccountOperations;
  /** Since the counters of users were last read, and charged if they had moved. */
  polledSecondsAgo: number | null;
  /** Users with traffic within a minute; bytes a second that went out of and came into the core. */
  traffic: { users: number; up: bigint; down: bigint } | null;
}
