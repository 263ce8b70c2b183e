import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '../../../shared/database/database.js';
import type { TargetNode } from '../domain/nodes.js';
import { columnsOf } from './columns.js';

@Injectable()
export class TargetNodesRepository {
  /**
   * Sees to it that there is a node of the local core, and that none has an id up to `lastId`, which are those of the
   * source: such a one gets another. Returns the id.
   */
  async moveLocal(tx: Tx, lastId: number): Promise<number> {
    await this.moveSequence(tx, lastId);
    const inTheWay = await tx.rows<{ id: number }>(
      "SELECT id FROM nodes WHERE kind = 'local' AND id <= $1 ORDER BY id",
      [lastId],
    );
    for (const { id } of inTheWay) await this.renumberLocal(tx, id); // one for each machine
    const find = async () =>
      tx.row<{ id: number }>(
        "SELECT id FROM nodes WHERE kind = 'local' ORDER BY deleted_at NULLS FIRST, id LIMIT 1",
      );
    if (!(await find())) {
      await tx.run("INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '127.0.0.1')");
    }
    return (await find())!.id;
  }

  /** A local core that is no more, beside those that have a history of their own: its traffic stays counted. Returns the id. */
  async addFormerLocal(tx: Tx, lastId: number): Promise<number> {
    await this.moveSequence(tx, lastId);
    const row = await tx.row<{ id: number }>(
      `INSERT INTO nodes (kind, name, address, data_dir_id, status, deleted_at)
       VALUES ('local', 'Master', '127.0.0.1', gen_random_uuid(), 'disabled', now()) RETURNING id`,
    );
    return row!.id;
  }

  /** What all cores carried since ever, of which the source kept but the sum. */
  async putTotals(tx: Tx, localId: number, uplink: bigint, downlink: bigint): Promise<void> {
    await tx.run('UPDATE nodes SET uplink = $2, downlink = $3 WHERE id = $1', [localId, uplink, downlink]);
  }

  /** Of these nodes those whose id or name is taken. */
  async taken(db: Queryable, nodes: readonly TargetNode[]): Promise<Set<number>> {
    const rows = await db.rows<{ id: number }>(
      `SELECT g.id FROM unnest($1::int[], $2::text[]) AS g (id, name)
        WHERE EXISTS (SELECT FROM nodes n
                       WHERE n.id = g.id OR n.name = g.name AND n.kind <> 'local' AND n.deleted_at IS NULL)`,
      columnsOf(
        nodes,
        (n) => n.id,
        (n) => n.name,
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Makes each node what is given, by its id; what was seen of it stays unless it is reached in another way. */
  async put(tx: Tx, nodes: readonly TargetNode[], vanished: readonly number[]): Promise<void> {
    const ids = nodes.map(({ id }) => id);
    if (vanished.length > 0)
      await tx.run('DELETE FROM node_user_usages WHERE node_id = ANY($1::int[])', [vanished]);
    await tx.run(
      `DELETE FROM nodes n
        WHERE id = ANY($1::int[])
           OR kind <> 'local' AND EXISTS (SELECT FROM unnest($2::int[], $3::text[]) AS g (id, name)
                                           WHERE g.id <> n.id AND g.name = n.name)`,
      [vanished, ids, nodes.map(({ name }) => name)],
    );
    await tx.run(
      `INSERT INTO nodes AS n (id, name, address, port, api_port, status, usage_coefficient, last_status_change, created_at)
       SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::int[], $6::node_status[],
                            $7::float8[], $8::timestamptz[], $9::timestamptz[])
       ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, address = excluded.address, port = excluded.port, api_port = excluded.api_port,
             usage_coefficient = excluded.usage_coefficient, created_at = excluded.created_at, deleted_at = NULL,
             status = excluded.status, message = NULL, last_status_change = excluded.last_status_change,
             generation = n.generation + 1
       WHERE (n.name, n.address, n.port, n.api_port, n.usage_coefficient) IS DISTINCT FROM
             (excluded.name, excluded.address, excluded.port, excluded.api_port, excluded.usage_coefficient)
          OR n.deleted_at IS NOT NULL
          OR (n.status = 'disabled') <> (excluded.status = 'disabled')`,
      columnsOf(
        nodes,
        (n) => n.id,
        (n) => n.name,
        (n) => n.address,
        (n) => n.port,
        (n) => n.apiPort,
        (n) => n.status,
        (n) => n.usageCoefficient,
        (n) => n.lastStatusChange,
        (n) => n.createdAt,
      ),
    );
    // Their cores may have counted what the source never booked; one that was worked with here is ours.
    await tx.run(
      'UPDATE node_runtime SET core_is_imported = true WHERE node_id = ANY($1::int[]) AND applied_config_version IS NULL',
      [ids],
    );
  }

  /** Nodes that are there, of any kind but the local one. */
  async ids(db: Queryable): Promise<number[]> {
    return (await db.rows<{ id: number }>("SELECT id FROM nodes WHERE kind <> 'local' ORDER BY id")).map(
      ({ id }) => id,
    );
  }

  /** No node knows anything of the users that were imported. */
  async needFullSync(tx: Tx): Promise<void> {
    await tx.run('UPDATE node_runtime SET full_sync_needed = true WHERE NOT full_sync_needed');
  }

  /** Gives it the next id. It keeps its folder and history; what was known of its core is found out anew. */
  private async renumberLocal(tx: Tx, id: number): Promise<void> {
    const [former] = await tx.rows<{ dataDirId: string | null }>(
      'SELECT data_dir_id AS "dataDirId" FROM nodes WHERE id = $1',
      [id],
    );
    const [now] = await tx.rows<{ id: number }>(
      `INSERT INTO nodes (kind, name, address, uplink, downlink, usage_coefficient, created_at, deleted_at)
       SELECT kind, name, address, uplink, downlink, usage_coefficient, created_at, deleted_at FROM nodes WHERE id = $1
       RETURNING id`,
      [id],
    );
    await tx.run('UPDATE node_usages SET node_id = $2 WHERE node_id = $1', [id, now!.id]);
    await tx.run('UPDATE node_user_usages SET node_id = $2 WHERE node_id = $1', [id, now!.id]);
    await tx.run('DELETE FROM nodes WHERE id = $1', [id]);
    await tx.run('UPDATE nodes SET data_dir_id = $2 WHERE id = $1', [now!.id, former!.dataDirId]);
  }

  private async moveSequence(tx: Tx, lastId: number): Promise<void> {
    await tx.run(
      `SELECT setval(pg_get_serial_sequence('nodes', 'id'),
                     greatest($1, (SELECT coalesce(max(id), 0) FROM nodes), (SELECT last_value FROM nodes_id_seq)))`,
      [lastId],
    );
  }
}
