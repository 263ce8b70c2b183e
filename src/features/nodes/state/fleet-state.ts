import { LEASE_SECONDS } from '../domain/grant.js';
import type { AccountOperations } from '../domain/account-operations.js';
import type { StartReason } from '../domain/core-start.js';
import type { ApiTls, NodeKind, NodeStatus } from '../node.js';

/** All that is known of one node: what operators want, what its owner did, and what it says of it. */
export interface NodeFacts {
  id: number;
  name: string;
  kind: NodeKind;
  status: NodeStatus;
  message: string | null;
  xrayVersion: string | null;
  statusSince: Date;
  generation: bigint;
  appliedGeneration: bigint;
  restartGeneration: bigint;
  appliedRestartGeneration: bigint;
  /** Tried last, be it refused. */
  appliedConfigVersion: bigint | null;
  lastGoodConfigVersion: bigint | null;
  refusals: number;
  retryRefusedAt: Date | null;
  fullSyncNeeded: boolean;
  failures: number;
  nextAttemptAt: Date;
  lastError: string | null;
  lastErrorAt: Date | null;
  /** Another one with each start of a core. */
  coreEpoch: bigint;
  /** Since ever. */
  startsByReason: Partial<Record<StartReason, number>>;
  /** SHA-256 of the certificate it is known by, in hexadecimal digits. */
  certificate: string | null;
  apiTls: ApiTls;
  /** SHA-256 of those that were given to trust, in their order. */
  trustedCertificates: string[];
  /** SHA-256 of the one that is shown instead of that of the installation. */
  clientCertificate: string | null;
  hasSession: boolean;
  leaseEpoch: bigint;
  acquiredAt: Date | null;
  leasedUntil: Date | null;
  ownerId: string | null;
  ownerName: string | null;
  polledAt: Date | null;
  pending: number | null;
  accounts: number | null;
  /** Since the owner took the node. */
  accountOperations: AccountOperations | null;
  usersSeen: number | null;
  upSpeed: bigint | null;
  downSpeed: bigint | null;
}

/** Changes of users that a node's cursor has not passed. */
export interface LagFacts {
  rows: number;
  oldestAt: Date | null;
}

export interface CoreStart {
  at: Date;
  reason: StartReason;
  xrayVersion: string;
  /** Null for a config that is none of ours. */
  configVersion: bigint | null;
}

export interface ReplicaFacts {
  id: string;
  name: string;
  /** Null for one that is too old to say. */
  version: string | null;
  role: string;
  startedAt: Date;
  heartbeatAt: Date;
  isDraining: boolean;
  leases: number;
}

/** What the database knew of all nodes and replicas at one moment of its clock. */
export interface FleetFacts {
  now: Date;
  /** Of the active core config; null before the first one. */
  configVersion: bigint | null;
  /** When the oldest change of a user was made that no cursor can pass while an older transaction is open; null without one. */
  heldBackSince: Date | null;
  /** Without deleted ones, in id order. */
  nodes: NodeFacts[];
  lags: ReadonlyMap<number, LagFacts>;
  /** The latest first. */
  starts: ReadonlyMap<number, readonly CoreStart[]>;
  replicas: ReplicaFacts[];
}

export interface NodeState extends Omit<NodeFacts, 'nextAttemptAt'> {
  wantedConfigVersion: bigint | null;
  /** Undefined while nobody works on the node. */
  lease:
    { ownerId: string; ownerName: string | null; acquiredAt: Date; age: number; left: number } | undefined;
  /** Undefined where it means nothing: a node that is disabled, or whose users are all to be compared. */
  lag: { rows: number; seconds: number } | undefined;
  pollAge: number | null;
  nextAttemptAt: Date | null;
  /** The same list until there is another start. */
  starts: readonly CoreStart[];
}

export interface ReplicaState extends ReplicaFacts {
  heartbeatAge: number;
  isAlive: boolean;
}

export interface FleetState {
  now: Date;
  configVersion: bigint | null;
  /** For how many seconds a transaction has held back changes of users. */
  heldBackSeconds: number;
  nodes: NodeState[];
  replicas: ReplicaState[];
}

/** What follows from the facts. Ages and what is left are in seconds. */
export function fleetState(facts: FleetFacts): FleetState {
  const { now, configVersion } = facts;
  return {
    now,
    configVersion,
    heldBackSeconds: facts.heldBackSince ? secondsBetween(facts.heldBackSince, now) : 0,
    nodes: facts.nodes.map((node) => nodeState(node, facts)),
    replicas: facts.replicas.map((replica) => {
      const heartbeatAge = secondsBetween(replica.heartbeatAt, now);
      // One that lies ahead is of a clock that was set back since: whoever lives has shown it again.
      const isOfLater = secondsBetween(now, replica.heartbeatAt) > LEASE_SECONDS;
      return { ...replica, heartbeatAge, isAlive: heartbeatAge < LEASE_SECONDS && !isOfLater };
    }),
  };
}

function nodeState(node: NodeFacts, { now, configVersion, lags, starts }: FleetFacts): NodeState {
  const lease = leaseOf(node, now);
  const lag = node.status === 'disabled' || node.fullSyncNeeded ? undefined : lags.get(node.id);
  const isWaiting = node.status !== 'disabled' && node.failures > 0 && node.nextAttemptAt > now;
  return {
    ...node,
    // What an owner said goes with it.
    pending: lease ? node.pending : null,
    accounts: lease ? node.accounts : null,
    accountOperations: lease ? node.accountOperations : null,
    usersSeen: lease ? node.usersSeen : null,
    upSpeed: lease ? node.upSpeed : null,
    downSpeed: lease ? node.downSpeed : null,
    wantedConfigVersion: configVersion,
    lease,
    lag: lag && { rows: lag.rows, seconds: lag.oldestAt ? secondsBetween(lag.oldestAt, now) : 0 },
    pollAge: node.polledAt && secondsBetween(node.polledAt, now),
    nextAttemptAt: isWaiting ? node.nextAttemptAt : null,
    starts: starts.get(node.id) ?? [],
  };
}

function leaseOf(node: NodeFacts, now: Date): NodeState['lease'] {
  const { ownerId, ownerName, acquiredAt, leasedUntil } = node;
  if (ownerId === null || acquiredAt === null || leasedUntil === null || leasedUntil <= now) return undefined;
  return {
    ownerId,
    ownerName,
    acquiredAt,
    age: secondsBetween(acquiredAt, now),
    left: secondsBetween(now, leasedUntil),
  };
}

/** Not negative: what is written while the facts are read may be a little younger than they are. */
function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 1000;
}
