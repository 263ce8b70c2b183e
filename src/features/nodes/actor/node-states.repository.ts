import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { markerTag } from '../../../xray/config/index.js';
import { MAX_REFUSAL_WAIT_SECONDS, MAX_WAIT_SECONDS } from '../domain/backoff.js';
import type { CoreProcess } from '../domain/core-process.js';
import type { Grant } from '../domain/grant.js';
import type { NodeState } from '../domain/node-state.js';

interface Row extends Omit<NodeState, 'cursor' | 'process' | 'appliedConfigHash'> {
  nodeId: number;
  /** Of the rows that were read, and of what holds for all nodes. */
  version: string;
  /** Null without rows. */
  epoch: bigint | null;
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
  private readonly versions = new WeakMap<NodeState, string>();

  constructor(private readonly db: WorkerDatabase) {}

  /**
   * The rows of these nodes, without those that belong to another replica now. A state that is `known` and still so is given
   * again, with the time of now: of hundreds of nodes hardly any is another one than a second ago.
   */
  async load(grants: readonly Grant[], known: ReadonlyMap<Grant, NodeState>): Promise<Map<Grant, NodeState>> {
    const ids = grants.map(({ nodeId }) => nodeId);
    const versions = grants.map((grant) => this.versions.get(known.get(grant)!));
    const rows = await this.db.rows<Row>(LOAD, [ids, versions]);
    const { now } = rows[0]!;
    const read = new Map(rows.map((row) => [row.nodeId, row]));
    const states = new Map<Grant, NodeState>();
    for (const grant of grants) {
      const row = read.get(grant.nodeId);
      if (!row) states.set(grant, Object.assign(known.get(grant)!, { now }));
      else if (row.epoch === grant.epoch) states.set(grant, this.toState(row));
    }
    return states;
  }

  private toState(row: Row): NodeState {
    const state = toState(row);
    this.versions.set(state, row.version);
    return state;
  }
}

/** Nobody waits for longer than this: a time beyond it is of a clock that was set back since, and has come. */
function soonEnough(at: string, seconds: number): string {
  return `CASE WHEN ${at} > clock_timestamp() + interval '${seconds + 1} s' THEN 'epoch' ELSE ${at} END`;
}

/** A row that is written gets the number of the transaction. What is waited for depends on the clock as well. */
const VERSION = `concat_ws(' ', n.xmin, r.xmin, m.active_version, m.outbox_id)`;

/** A row at least, for the time. */
const LOAD = {
  name: 'node_states',
  text: `WITH present AS (
           SELECT clock_timestamp() AS now, outbox_id,
                  (SELECT version FROM core_config WHERE state = 'active') AS active_version
             FROM control_meta
         )
         SELECT k.node_id AS "nodeId", ${VERSION} AS version, r.owner_epoch AS epoch, m.now,
                m.active_version AS "activeConfigVersion", n.kind, n.name, n.address, n.api_port AS "apiPort", n.status, n.message, n.deleted_at IS NOT NULL AS "isDeleted",
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
           FROM present m
           LEFT JOIN (unnest($1::int[], $2::text[]) AS k (node_id, version)
                      LEFT JOIN (nodes n JOIN node_runtime r ON r.node_id = n.id) ON n.id = k.node_id)
             ON k.version IS DISTINCT FROM ${VERSION} OR r.next_attempt_at > m.now OR r.retry_refused_at IS NOT NULL`,
};

function toState(row: Row): NodeState {
  const { nodeId: _, version: __, epoch: ___, configHash, cursorXid, cursorSeq, ...state } = row;
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
