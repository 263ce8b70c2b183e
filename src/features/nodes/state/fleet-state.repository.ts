import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../../shared/database/database.js';
import { groupBy } from '../../../shared/domain/group-by.js';
import type { CoreStart, FleetFacts, LagFacts, NodeFacts, ReplicaFacts } from './fleet-state.js';

/** Changes that are counted at most: of a node that lags by more, this much is said. */
const MAX_LAG = 1_000;

type Present = Pick<FleetFacts, 'now' | 'configVersion' | 'heldBackSince'> & { outboxId: string };

/** The starts of a node's cores while this is the epoch of its core: whoever notes a start begins a new one. */
interface KnownStarts {
  coreEpoch: bigint;
  starts: CoreStart[];
}

/** What is known of all nodes and replicas, in one statement for each kind of fact. */
@Injectable()
export class FleetStateRepository {
  /** Starts are most of what there is to read, and hardly ever new. Of a database that went back nothing is known. */
  private known = { outboxId: '', starts: new Map<number, KnownStarts>() };

  constructor(private readonly db: Database) {}

  /** As of one moment. */
  async read(): Promise<FleetFacts> {
    return this.db.snapshot(async (tx) => {
      const { outboxId, ...present } = (await tx.row<Present>(PRESENT))!;
      const nodes = await tx.rows<NodeFacts>(NODES);
      const lags = await tx.rows<LagFacts & { nodeId: number }>(LAGS);
      const replicas = await tx.rows<ReplicaFacts>(REPLICAS);
      return {
        ...present,
        nodes,
        lags: new Map(lags.map((lag) => [lag.nodeId, lag])),
        starts: await this.startsOf(tx, nodes, outboxId),
        replicas,
      };
    });
  }

  private async startsOf(
    tx: Tx,
    nodes: readonly NodeFacts[],
    outboxId: string,
  ): Promise<FleetFacts['starts']> {
    const known = this.known.outboxId === outboxId ? this.known.starts : new Map<number, KnownStarts>();
    const stale = nodes.filter(({ id, coreEpoch }) => known.get(id)?.coreEpoch !== coreEpoch);
    const rows =
      stale.length === 0
        ? []
        : await tx.rows<CoreStart & { nodeId: number }>(STARTS, [stale.map(({ id }) => id)]);
    const read = groupBy(rows, ({ nodeId }) => nodeId);
    const isStale = new Set(stale);
    const starts = new Map(
      nodes.map((node) => [
        node.id,
        isStale.has(node) ? (read.get(node.id) ?? []) : known.get(node.id)!.starts,
      ]),
    );
    this.known = {
      outboxId,
      starts: new Map(nodes.map(({ id, coreEpoch }) => [id, { coreEpoch, starts: starts.get(id)! }])),
    };
    return starts;
  }
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----';

const PRESENT = {
  name: 'fleet_present',
  text: `SELECT clock_timestamp() AS now, (SELECT version FROM core_config WHERE state = 'active') AS "configVersion",
                (SELECT outbox_id FROM control_meta) AS "outboxId",
                (SELECT at FROM user_change WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
                  ORDER BY xid, seq LIMIT 1) AS "heldBackSince"`,
};

const NODES = {
  name: 'fleet_nodes',
  text: `
    SELECT n.id, n.name, n.kind, n.status, n.message, n.xray_version AS "xrayVersion",
           n.last_status_change AS "statusSince", n.generation, r.applied_generation AS "appliedGeneration",
           n.restart_generation AS "restartGeneration", r.applied_restart_generation AS "appliedRestartGeneration",
           r.applied_config_version AS "appliedConfigVersion", r.last_good_config_version AS "lastGoodConfigVersion",
           r.refusals, r.retry_refused_at AS "retryRefusedAt", r.full_sync_needed AS "fullSyncNeeded",
           r.failures, r.next_attempt_at AS "nextAttemptAt", r.last_error AS "lastError",
           r.last_error_at AS "lastErrorAt", r.core_epoch AS "coreEpoch", r.core_starts AS "startsByReason",
           encode(n.server_cert_sha256, 'hex') AS certificate, n.api_tls AS "apiTls",
           ARRAY(SELECT encode(sha256(decode(block[1], 'base64')), 'hex')
                   FROM regexp_matches(n.api_ca_certificate, '${CERTIFICATE}', 'g') AS block) AS "trustedCertificates",
           (SELECT encode(sha256(decode(block[1], 'base64')), 'hex')
              FROM regexp_matches(n.api_client_certificate, '${CERTIFICATE}') AS block) AS "clientCertificate", r.session_id IS NOT NULL AS "hasSession",
           l.epoch AS "leaseEpoch", l.acquired_at AS "acquiredAt", nullif(l.expires_at, '-infinity') AS "leasedUntil",
           l.owner_id AS "ownerId", p.name AS "ownerName", l.polled_at AS "polledAt", l.pending,
           l.accounts, l.account_operations AS "accountOperations", l.users_seen AS "usersSeen", l.up_speed AS "upSpeed", l.down_speed AS "downSpeed"
      FROM nodes n
      JOIN node_runtime r ON r.node_id = n.id
      JOIN node_lease l ON l.node_id = n.id
      LEFT JOIN replica p ON p.id = l.owner_id
     WHERE n.deleted_at IS NULL ORDER BY n.id`,
};

// One walk from the newest change backwards, past the nodes' cursors: counting for each node by itself would read what
// hundreds of nodes lag by hundreds of times.
const LAGS = {
  name: 'fleet_lags',
  text: `
    WITH node AS (
      SELECT r.node_id, r.cursor_xid AS xid, r.cursor_seq AS seq
        FROM node_runtime r JOIN nodes n ON n.id = r.node_id
       WHERE n.status <> 'disabled' AND n.deleted_at IS NULL AND NOT r.full_sync_needed
    ), place AS (
      (SELECT NULL::int AS node_id, xid, seq FROM user_change ORDER BY xid DESC, seq DESC LIMIT ${MAX_LAG})
      UNION ALL
      SELECT node_id, xid, seq FROM node
    ), passed AS (
      SELECT node_id, xid, seq, count(*) FILTER (WHERE node_id IS NULL)
               OVER (ORDER BY xid DESC, seq DESC, node_id ROWS UNBOUNDED PRECEDING) AS changes
        FROM place
    )
    SELECT p.node_id AS "nodeId", p.changes::int AS rows, o.at AS "oldestAt"
      FROM passed p
      LEFT JOIN LATERAL (
        SELECT at FROM user_change c
         WHERE p.changes > 0 AND (c.xid, c.seq) > (p.xid, p.seq) ORDER BY c.xid, c.seq LIMIT 1
      ) o ON true
     WHERE p.node_id IS NOT NULL`,
};

const STARTS = {
  name: 'fleet_core_starts',
  text: `
    SELECT s.node_id AS "nodeId", s.at, s.reason, s.xray_version AS "xrayVersion", s.config_version AS "configVersion"
      FROM node_core_start s WHERE s.node_id = ANY ($1::int[]) ORDER BY s.node_id DESC, s.core_epoch DESC`,
};

const REPLICAS = {
  name: 'fleet_replicas',
  text: `
    SELECT p.id, p.name, p.version, p.role, p.started_at AS "startedAt", p.heartbeat_at AS "heartbeatAt",
           p.draining AS "isDraining", count(l.node_id)::int AS leases
      FROM replica p LEFT JOIN node_lease l ON l.owner_id = p.id AND l.expires_at > clock_timestamp()
     GROUP BY p.id ORDER BY p.started_at, p.id`,
};
