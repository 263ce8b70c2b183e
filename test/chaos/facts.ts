import type { ChaosDatabase } from './chaos-database.js';
import type { Traffic } from '../../src/xray/grpc/index.js';
import type { ChaosNode, CoreRun } from './chaos-node.js';
import type { Reading } from './counter-relay.js';
import type { Fault } from './faults.js';
import { LocalNode } from './local-node.js';

/** What the journal holds of one baseline of one core process, added up. */
export interface Charged {
  nodeId: number;
  coreEpoch: bigint;
  userId: number | null;
  tag: string | null;
  up: bigint;
  down: bigint;
  /** What had been counted before, for somebody else. */
  from: Traffic;
}

/** A core process that the service gave an account. */
export interface Account {
  nodeId: number;
  coreEpoch: bigint;
  marker: string | null;
  /** Milliseconds since 1970. */
  at: number;
  reason: string | null;
}

export interface NodeFacts {
  /** Of all the nodes that it was to the service. */
  ids: readonly number[];
  name: string;
  runs: readonly CoreRun[];
  readings: (marker: string, of: Reading['of']) => readonly Reading[];
  /** Restarts that were asked for. */
  restarts: number;
  /** When it was disabled or deleted, and so had to end its core; milliseconds since 1970. */
  withdrawals: readonly { at: number; what: string }[];
  /** When it was added, each time. */
  addedAt: readonly number[];
  /** On whose machine it is, with which its core ends. */
  replicas: readonly string[];
}

/** That a node got another owner, or the same one anew, who knows nothing of what the one before had read. */
export interface Handover {
  nodeId: number;
  /** Milliseconds since 1970. */
  at: number;
}

export interface Facts {
  nodes: readonly NodeFacts[];
  handovers: readonly Handover[];
  accounts: readonly Account[];
  charged: readonly Charged[];
  /** Users that were not deleted. */
  userIds: ReadonlySet<number>;
  faults: readonly Fault[];
}

/** Everything that the suite and its journal know, for the ledger. */
export async function chaosFacts(
  database: ChaosDatabase,
  nodes: readonly ChaosNode[],
  faults: readonly Fault[],
): Promise<Facts> {
  const rows = await database.read<{ id: number; restarts: number; addedAt: Date }>(
    'SELECT id, (restart_generation - 1)::int AS restarts, created_at AS "addedAt" FROM nodes',
  );
  const withdrawals = await database.read<{ nodeId: number; at: Date; what: string }>(
    'SELECT node_id AS "nodeId", at, what FROM chaos.withdrawal ORDER BY at',
  );
  const accounts = await database.read<Omit<Account, 'at'> & { at: Date }>(
    `SELECT node_id AS "nodeId", core_epoch AS "coreEpoch", marker, at, reason
       FROM chaos.core LEFT JOIN chaos.start USING (node_id, core_epoch) ORDER BY at`,
  );
  const handovers = await database.read<{ nodeId: number; at: Date }>(
    'SELECT node_id AS "nodeId", at FROM chaos.owner ORDER BY at',
  );
  const charged = await database.read<Omit<Charged, 'from'> & { fromUp: bigint; fromDown: bigint }>(CHARGED);
  return {
    nodes: nodes.map((node) => {
      const own = rows.filter(({ id }) => node.ids.includes(id));
      return {
        ids: node.ids,
        name: node.name,
        runs: node.runs,
        readings: (marker, of) => node.readings(marker, of),
        restarts: own.reduce((sum, { restarts }) => sum + restarts, 0),
        withdrawals: withdrawals.filter(({ nodeId }) => node.ids.includes(nodeId)).map(inMilliseconds),
        addedAt: own.map(({ addedAt }) => addedAt.getTime()),
        replicas: node instanceof LocalNode ? node.replicas : [],
      };
    }),
    accounts: accounts.map(inMilliseconds),
    charged: charged.map(({ fromUp, fromDown, ...row }) => ({
      ...row,
      from: { up: fromUp, down: fromDown },
    })),
    userIds: new Set((await database.read<{ id: number }>('SELECT id FROM users')).map(({ id }) => id)),
    handovers: handovers.map(inMilliseconds),
    faults,
  };
}

function inMilliseconds<T extends { at: Date }>(row: T): Omit<T, 'at'> & { at: number } {
  return { ...row, at: row.at.getTime() };
}

const CHARGED = `
  SELECT node_id AS "nodeId", core_epoch AS "coreEpoch", user_id AS "userId", tag,
         coalesce(sum(up) FILTER (WHERE NOT is_from), 0)::bigint AS up,
         coalesce(sum(down) FILTER (WHERE NOT is_from), 0)::bigint AS down,
         coalesce(max(up) FILTER (WHERE is_from), 0)::bigint AS "fromUp",
         coalesce(max(down) FILTER (WHERE is_from), 0)::bigint AS "fromDown"
    FROM (SELECT node_id, core_epoch, user_id, tag, up, down, false AS is_from FROM chaos.charge
          UNION ALL SELECT *, true FROM chaos.beginning) all_of_them
   GROUP BY node_id, core_epoch, user_id, tag`;
