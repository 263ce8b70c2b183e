import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { markerTag } from '../../../xray/config/index.js';
import { MAX_REFUSAL_WAIT_SECONDS, MAX_WAIT_SECONDS } from '../domain/backoff.js';
import type { CoreProcess } from '../domain/core-process.js';
import type { Grant } from '../domain/grant.js';
import type { NodeState } from '../domain/node-state.js';

interface Row extends Omit<NodeState, 'cursor' | 'process' | 'appliedConfigHash'> {
  nodeId: number;
  epoch: bigint;
  coreEpoch: bigint;
  marker: string | null;
  uptimeSeconds: bigint;
  isOfVersionBefore: boolean;
  configHash: Buffer | null;
  cursorXid: string;
  cursorSeq: bigint;
}

/** What owners of nodes read of them. */
@Injectable()
export class NodeStatesRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** The rows of these nodes, without those that belong to another replica now. */
  async load(grants: readonly Grant[]): Promise<Map<Grant, NodeState>> {
    const ids = grants.map(({ nodeId }) => nodeId);
    const rows = new Map((await this.db.rows<Row>(LOAD, [ids])).map((row) => [row.nodeId, row]));
    const states = new Map<Grant, NodeState>();
    for (const grant of grants) {
      const row = rows.get(grant.nodeId);
      if (row?.epoch === grant.epoch) states.set(grant, toState(row));
    }
    return states;
  }
}

/** Nobody waits for longer than this: a time beyond it is of a clock that was set back since, and has come. */
function soonEnough(at: string, seconds: number): string {
  return `CASE WHEN ${at} > clock_timestamp() + interval '${seconds + 1} s' THEN 'epoch' ELSE ${at} END`;
}

const LOAD = {
  name: 'node_state',
  text: `SELECT n.id AS "nodeId", r.owner_epoch AS epoch, clock_timestamp() AS now,
                (SELECT version FROM core_config WHERE state = 'active') AS "activeConfigVersion", n.kind, n.name, n.address, n.api_port AS "apiPort", n.status, n.message, n.deleted_at IS NOT NULL AS "isDeleted",
                n.generation, n.usage_coefficient AS "usageCoefficient", r.charged_coefficient AS "chargedCoefficient",
                n.restart_generation AS "restartGeneration",
                r.applied_restart_generation AS "appliedRestartGeneration",
                r.applied_config_version AS "appliedConfigVersion", r.applied_config_hash AS "configHash",
                r.last_good_config_version AS "lastGoodConfigVersion", r.core_epoch AS "coreEpoch",
                r.intended_start ->> 'marker' AS "intendedMarker", r.core_marker AS marker, r.core_uptime_seconds AS "uptimeSeconds",
                r.core_started_lo IS NOT NULL AS "isOfVersionBefore", m.outbox_id AS "outboxId",
                r.cursor_xid::text AS "cursorXid", r.cursor_seq AS "cursorSeq",
                r.full_sync_needed OR r.cursor_outbox IS DISTINCT FROM m.outbox_id AS "fullSyncNeeded", r.failures, ${soonEnough('r.next_attempt_at', MAX_WAIT_SECONDS)} AS "nextAttemptAt",
                r.refusals, ${soonEnough('r.retry_refused_at', MAX_REFUSAL_WAIT_SECONDS)} AS "retryRefusedAt", r.refusal,
                r.starting_config_version AS "startingConfigVersion"
           FROM nodes n JOIN node_runtime r ON r.node_id = n.id CROSS JOIN control_meta m
          WHERE n.id = ANY ($1)`,
};

function toState(row: Row): NodeState {
  const { nodeId: _, epoch: __, configHash, cursorXid, cursorSeq, ...state } = row;
  return {
    ...state,
    process: processOf(row),
    appliedConfigHash: configHash?.toString('hex') ?? null,
    cursor: { xid: BigInt(cursorXid), seq: cursorSeq },
  };
}

/** Cores that the version before started are marked with their config alone. It noted when that was, in place of the rest. */
function processOf(row: Row): CoreProcess | undefined {
  if (row.coreEpoch === 0n) return undefined;
  if (!row.isOfVersionBefore) {
    return { marker: row.marker ?? undefined, uptimeSeconds: Number(row.uptimeSeconds) };
  }
  return { marker: row.configHash ? markerTag(row.configHash.toString('hex')) : undefined, uptimeSeconds: 0 };
}
