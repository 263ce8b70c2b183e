import type { NodeKind, NodeStatus } from '../node.js';
import type { Cursor } from './change-cursor.js';
import type { CoreProcess } from './core-process.js';

/** A node's row of desire beside what its owner has applied. */
export interface NodeState {
  /** The database's clock, so that owners agree on it. */
  now: Date;
  kind: NodeKind;
  name: string;
  address: string;
  apiPort: number;
  status: NodeStatus;
  message: string | null;
  isDeleted: boolean;
  generation: bigint;
  /** What users are to be charged by, and are charged by until now. */
  usageCoefficient: number;
  chargedCoefficient: number;
  restartGeneration: bigint;
  appliedRestartGeneration: bigint;
  /** Of the whole installation. */
  activeConfigVersion: bigint;
  appliedConfigVersion: bigint | null;
  /** 64 hexadecimal digits of the config that was started last. */
  appliedConfigHash: string | null;
  lastGoodConfigVersion: bigint | null;
  /** The version that it may change to, see `roll-out.ts`. */
  startingConfigVersion: bigint | null;
  /** The process that counters were charged of last. */
  process: CoreProcess | undefined;
  /** The marker of one that was about to be started, and of which nobody has noted that it was. */
  intendedMarker: string | null;
  /** What cursors are places in now. Another one than before: transactions are numbered anew, and some may be lost. */
  outboxId: string;
  cursor: Cursor;
  fullSyncNeeded: boolean;
  failures: number;
  nextAttemptAt: Date;
  /** How often in a row the wanted config was refused, and when it is tried again; null: at once. */
  refusals: number;
  retryRefusedAt: Date | null;
  /** The core's words about it. */
  refusal: string | null;
}

/** Whether its core is to run. Nobody can disable a local one. */
export function isEnabled({ kind, status, isDeleted }: NodeState): boolean {
  return kind === 'local' || (status !== 'disabled' && !isDeleted);
}

/** Whether Xray's API is still where it was. */
export function isAtSamePlace(a: NodeState, b: NodeState): boolean {
  return a.address === b.address && a.apiPort === b.apiPort;
}

/** Whether users are charged by the coefficient that is wanted. */
export function isRateCharged({ usageCoefficient, chargedCoefficient }: NodeState): boolean {
  return usageCoefficient === chargedCoefficient;
}
