import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../../shared/database/database-clock.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';

/** The nodes of local cores, one for each data folder. Operators see all of them together as `Master`. */
@Injectable()
export class LocalNodesRepository {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * The node of a data folder: the one it has, also when nobody was seen there for long; else one that was made before
   * folders had identities; else a new one.
   */
  async ensure(dataDirId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await tx.run("SELECT pg_advisory_xact_lock(hashtext('margrave local nodes'))");
      // What was known of its core is forgotten some time after it was let go of, see `forgetUnseen`.
      const known = await tx.row(
        `WITH node AS (
           UPDATE nodes
              SET data_dir_id = $1, deleted_at = NULL,
                  status = CASE WHEN status = 'disabled' THEN 'connecting' ELSE status END,
                  message = CASE WHEN status = 'disabled' THEN NULL ELSE message END,
                  last_status_change = CASE WHEN status = 'disabled' THEN now() ELSE last_status_change END
            WHERE id = (SELECT id FROM nodes WHERE kind = 'local' AND (data_dir_id = $1 OR data_dir_id IS NULL)
                         ORDER BY data_dir_id LIMIT 1)
           RETURNING id, usage_coefficient
         ), lease AS (
           INSERT INTO node_lease (node_id) SELECT id FROM node ON CONFLICT DO NOTHING
         ), runtime AS (
           INSERT INTO node_runtime (node_id, charged_coefficient) SELECT id, usage_coefficient FROM node
           ON CONFLICT DO NOTHING
         )
         SELECT id FROM node`,
        [dataDirId],
      );
      if (known) return;
      await tx.run(
        `INSERT INTO nodes (kind, name, address, data_dir_id) VALUES ('local', 'Master', '127.0.0.1', $1)`,
        [dataDirId],
      );
    });
  }

  /** Lets go of cores that nobody was there for since a day: their folders are gone. Their traffic stays counted. Returns how many. */
  async forgetUnseen(): Promise<number> {
    return this.db.run(
      `WITH unseen AS (
         SELECT id FROM nodes
          WHERE kind = 'local' AND status = 'disabled' AND deleted_at IS NULL
            AND last_status_change < now() - interval '1 day'
          ORDER BY id FOR NO KEY UPDATE
       )
       UPDATE nodes n SET deleted_at = now() FROM unseen WHERE n.id = unseen.id`,
    );
  }

  /** Shows local cores as disabled while no replica that could run them is there. */
  async disableUnowned(): Promise<void> {
    await this.db.run(
      `WITH unowned AS (
         SELECT n.id FROM nodes n JOIN node_lease l ON l.node_id = n.id
          WHERE n.kind = 'local' AND n.status <> 'disabled' AND l.expires_at < least(clock_timestamp(), $1) - interval '15 s'
          ORDER BY n.id FOR NO KEY UPDATE OF n
       )
       UPDATE nodes n
          SET status = 'disabled', xray_version = NULL, message = 'No Xray was found', last_status_change = now()
         FROM unowned WHERE n.id = unowned.id`,
      [this.clock.unjumped()],
    );
  }
}
