import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';

/** Raw bytes of all nodes since ever. */
export interface TrafficTotals {
  up: bigint;
  down: bigint;
}

@Injectable()
export class NodesRepository {
  constructor(private readonly db: Database) {}

  /** Deleted nodes included: what they carried stays in the totals. */
  async trafficTotals(): Promise<TrafficTotals> {
    const row = await this.db.row<TrafficTotals>(
      'SELECT coalesce(sum(uplink), 0)::bigint AS up, coalesce(sum(downlink), 0)::bigint AS down FROM nodes',
    );
    return row!;
  }

  /** The row of the local core, `Master`: made when a replica that can run it starts for the first time. */
  async ensureLocalNode(): Promise<void> {
    await this.db.run(
      `INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '127.0.0.1')
       ON CONFLICT ((true)) WHERE kind = 'local' DO UPDATE
         SET status = 'connecting', message = NULL, last_status_change = now()
         WHERE nodes.status = 'disabled'`,
    );
  }

  /** Shows the local core as disabled while no replica that could run it is there. */
  async disableUnownedLocalNode(): Promise<void> {
    await this.db.run(
      `UPDATE nodes n
          SET status = 'disabled', xray_version = NULL, message = 'No Xray was found', last_status_change = now()
         FROM node_lease l
        WHERE l.node_id = n.id AND n.kind = 'local' AND n.status <> 'disabled'
          AND l.expires_at < clock_timestamp() - interval '15 s'`,
    );
  }

  /**
   * Prepares for a database that is another one than before, such as a restored copy: numbers of transactions mean
   * nothing in it, so every node is compared as a whole.
   */
  async noteDatabase(): Promise<void> {
    await this.db.run(
      `WITH here AS (
         SELECT system_identifier AS id FROM pg_control_system()
       ), noted AS (
         UPDATE control_meta SET system_identifier = here.id FROM here
          WHERE control_meta.system_identifier IS DISTINCT FROM here.id
         RETURNING 1
       )
       UPDATE node_runtime
          SET full_sync_needed = true, cursor_xid = pg_snapshot_xmin(pg_current_snapshot()), cursor_seq = 0
        WHERE EXISTS (SELECT FROM noted)`,
    );
  }
}
