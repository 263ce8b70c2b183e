import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../shared/database/database.js';
import { isUniqueViolation } from '../../shared/database/violations.js';
import type { DateRange } from '../../shared/domain/date-range.js';
import {
  type AddedKind,
  type ApiAccess,
  clientKeyName,
  type Node,
  type NodeKind,
  type NodeReach,
  type NodeSettings,
  type NodeTraffic,
} from './node.js';
import { NodeNameTaken } from './nodes.errors.js';

/** Raw bytes of all nodes since ever. */
export interface TrafficTotals {
  up: bigint;
  down: bigint;
}

/** The core of one data folder. */
export interface LocalNode {
  id: number;
  dataDirId: string | null;
  /** The replica that works on it now. */
  ownerName: string | null;
  /** Why it does not run, or not with the active config. */
  trouble: string | null;
}

const ACCESS = `n.api_tls AS "apiTls", n.api_server_name AS "apiServerName", n.api_ca_certificate AS "apiCaCertificate",
                n.api_client_certificate AS "apiClientCertificate"`;
const COLUMNS = `n.id, n.name, n.address, n.port, n.api_port AS "apiPort", n.usage_coefficient AS "usageCoefficient",
                 n.kind, n.status, n.xray_version AS "xrayVersion", n.message, ${ACCESS}`;

/** What operators see: neither the local core nor deleted nodes. */
const SHOWN = "n.kind <> 'local' AND n.deleted_at IS NULL";

const TRAFFIC_TOTALS = {
  name: 'traffic_totals',
  text: 'SELECT coalesce(sum(uplink), 0)::bigint AS up, coalesce(sum(downlink), 0)::bigint AS down FROM nodes',
};

@Injectable()
export class NodesRepository {
  constructor(private readonly db: Database) {}

  /** All nodes, disabled ones too, in id order. */
  async list(): Promise<Node[]> {
    return this.db.rows<Node>(`SELECT ${COLUMNS} FROM nodes n WHERE ${SHOWN} ORDER BY n.id`);
  }

  async find(id: number): Promise<Node | undefined> {
    return this.db.row<Node>(`SELECT ${COLUMNS} FROM nodes n WHERE n.id = $1 AND ${SHOWN}`, [id]);
  }

  /** How the node is reached, the local core and deleted nodes included. */
  async reach(id: number): Promise<NodeReach | undefined> {
    return (await this.reaches([id])).get(id);
  }

  /** The same of several, by their ids. */
  async reaches(ids: readonly number[]): Promise<Map<number, NodeReach>> {
    const rows = await this.db.rows<NodeReach>(
      `SELECT n.id AS "nodeId", n.kind, n.name, n.address, n.port, n.api_port AS "apiPort",
              n.server_cert_pem AS certificate, r.session_id AS "sessionId", r.core_marker AS "coreMarker",
              r.core_is_imported AS "coreIsImported",
              ${ACCESS}
         FROM nodes n JOIN node_runtime r ON r.node_id = n.id
        WHERE n.id = ANY ($1)`,
      [ids],
    );
    return new Map(rows.map((row) => [row.nodeId, row]));
  }

  /** The local cores, and the replicas that work on them now. */
  async listLocal(): Promise<LocalNode[]> {
    return this.db.rows<LocalNode>(
      `SELECT n.id, n.data_dir_id AS "dataDirId", r.name AS "ownerName",
              CASE WHEN n.status = 'error' THEN n.message END AS trouble
         FROM nodes n
         LEFT JOIN node_lease l ON l.node_id = n.id AND l.expires_at > now()
         LEFT JOIN replica r ON r.id = l.owner_id
        WHERE n.kind = 'local' AND n.deleted_at IS NULL ORDER BY n.id`,
    );
  }

  /** Stores a node that is to be connected. @throws NodeNameTaken */
  async insert(tx: Tx, node: NodeSettings & { kind: AddedKind }): Promise<Node> {
    const { kind, name, address, port, apiPort, usageCoefficient } = node;
    try {
      const row = await tx.row<Node>(
        `WITH n AS (
           INSERT INTO nodes (kind, name, address, port, api_port, usage_coefficient, api_tls, api_server_name,
                              api_ca_certificate, api_client_certificate)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *
         )
         SELECT ${COLUMNS}, pg_notify('node_wake', n.id::text)::text AS notified FROM n`,
        [kind, name, address, port, apiPort, usageCoefficient, ...accessOf(node)],
      );
      return row!;
    } catch (error) {
      throw isUniqueViolation(error, 'nodes_name') ? new NodeNameTaken(name) : error;
    }
  }

  /**
   * The node, locked until the transaction ends. What its owner knows of it is locked first, in the order in which owners
   * lock the two.
   */
  async lock(tx: Tx, id: number): Promise<Node | undefined> {
    await tx.run('SELECT FROM node_runtime WHERE node_id = $1 FOR NO KEY UPDATE', [id]);
    return tx.row<Node>(`SELECT ${COLUMNS} FROM nodes n WHERE n.id = $1 AND ${SHOWN} FOR NO KEY UPDATE`, [
      id,
    ]);
  }

  /** Writes a locked node. @throws NodeNameTaken */
  async update(tx: Tx, node: Node): Promise<void> {
    const written = tx.run(
      `UPDATE nodes
          SET name = $2, address = $3, port = $4, api_port = $5, usage_coefficient = $6, status = $7, xray_version = $8,
              message = $9, last_status_change = CASE WHEN status = $7 THEN last_status_change ELSE now() END,
              api_tls = $10, api_server_name = $11, api_ca_certificate = $12, api_client_certificate = $13
        WHERE id = $1`,
      [
        node.id,
        node.name,
        node.address,
        node.port,
        node.apiPort,
        node.usageCoefficient,
        node.status,
        node.xrayVersion,
        node.message,
        ...accessOf(node),
      ],
    );
    await written.catch((error: unknown) => {
      throw isUniqueViolation(error, 'nodes_name') ? new NodeNameTaken(node.name) : error;
    });
  }

  /** What was learnt of the machine of a locked node is not true of it any more. */
  async forgetMachine(tx: Tx, id: number, what: 'certificate' | 'certificate_and_session'): Promise<void> {
    await tx.run('UPDATE nodes SET server_cert_pem = NULL WHERE id = $1', [id]);
    if (what === 'certificate_and_session') {
      await tx.run('UPDATE node_runtime SET session_id = NULL, core_is_imported = false WHERE node_id = $1', [
        id,
      ]);
    }
  }

  /** Asks the owner of a locked node to act on it now, however often it has failed. */
  async demand(tx: Tx, id: number, what: 'generation' | 'restart_generation'): Promise<void> {
    await tx.run(
      `WITH demanded AS (UPDATE nodes SET ${what} = ${what} + 1 WHERE id = $1 RETURNING id)
       UPDATE node_runtime r SET next_attempt_at = now(), failures = 0 FROM demanded WHERE r.node_id = demanded.id`,
      [id],
    );
    await tx.run("SELECT pg_notify('node_wake', $1::text)", [id]);
  }

  /** Takes a locked node out of sight; its owner ends what runs there. */
  async delete(tx: Tx, id: number): Promise<void> {
    await tx.run('UPDATE nodes SET deleted_at = now(), generation = generation + 1 WHERE id = $1', [id]);
    await tx.run("SELECT pg_notify('node_wake', $1::text)", [id]);
  }

  /**
   * Forgets what is known of the cores of nodes that were deleted ten minutes ago: their owners have had the time to end
   * them, or could not reach them. The node and its history stay. Returns of how many nodes it was.
   */
  async forgetDeleted(): Promise<number> {
    return this.db.run(
      `WITH gone AS (
         SELECT n.id FROM nodes n JOIN node_lease l ON l.node_id = n.id
          WHERE n.deleted_at < now() - interval '10 minutes' ORDER BY n.id FOR UPDATE OF l
       ), counters AS (DELETE FROM node_user_counter WHERE node_id IN (SELECT id FROM gone)
       ), outbounds AS (DELETE FROM node_outbound_counter WHERE node_id IN (SELECT id FROM gone)
       ), starts AS (DELETE FROM node_core_start WHERE node_id IN (SELECT id FROM gone)
       ), keys AS (DELETE FROM secrets WHERE name IN (SELECT '${clientKeyName('')}' || id FROM gone)
       ), leases AS (DELETE FROM node_lease WHERE node_id IN (SELECT id FROM gone))
       DELETE FROM node_runtime WHERE node_id IN (SELECT id FROM gone)`,
    );
  }

  /** Says of nodes that wait to be connected that nobody can: they are of none of the kinds there is a way to. */
  async failUnreachableKinds(kinds: readonly NodeKind[]): Promise<void> {
    await this.db.run(
      `WITH unreachable AS (
         SELECT n.id FROM nodes n
          WHERE n.status = 'connecting' AND NOT n.kind = ANY ($1) AND ${SHOWN} ORDER BY n.id FOR NO KEY UPDATE
       )
       UPDATE nodes n
          SET status = 'error', xray_version = NULL, last_status_change = now(),
              message = 'This version of the service cannot connect to nodes of the kind ' || n.kind
         FROM unreachable WHERE n.id = unreachable.id`,
      [kinds],
    );
  }

  /** Bytes per node in the hours that begin within the range; local cores first, as one, nodes without traffic too. */
  async traffic({ start, end }: DateRange): Promise<NodeTraffic[]> {
    return this.db.rows<NodeTraffic>(
      `WITH listed AS (
         SELECT n.id AS source, NULL::int AS id, 'Master' AS name FROM nodes n WHERE n.kind = 'local'
         UNION ALL
         SELECT NULL, NULL, 'Master' -- whether there is any or not
         UNION ALL
         SELECT n.id, n.id, n.name FROM nodes n WHERE ${SHOWN}
       )
       SELECT l.id AS "nodeId", l.name AS "nodeName",
              coalesce(sum(u.uplink), 0)::bigint AS uplink, coalesce(sum(u.downlink), 0)::bigint AS downlink
         FROM listed l LEFT JOIN node_usages u ON u.node_id = l.source AND u.created_at BETWEEN $1 AND $2
        GROUP BY l.id, l.name ORDER BY l.id NULLS FIRST`,
      [start, end],
    );
  }

  /** Deleted nodes included: what they carried stays in the totals. */
  async trafficTotals(): Promise<TrafficTotals> {
    const [row] = await this.db.point<TrafficTotals>(TRAFFIC_TOTALS, []);
    return row!;
  }
}

function accessOf(node: ApiAccess): (string | null)[] {
  return [node.apiTls, node.apiServerName, node.apiCaCertificate, node.apiClientCertificate];
}
