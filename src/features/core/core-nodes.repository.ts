import { Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../../shared/database/database.js';

const ENABLED = "status <> 'disabled' AND deleted_at IS NULL";

/** What the core feature asks of the nodes' rows: their owners notice and act. */
@Injectable()
export class CoreNodesRepository {
  constructor(private readonly db: Database) {}

  /** Tells every enabled node that there is another config. */
  async requestConfig(db: Queryable): Promise<void> {
    await this.bump(db, 'config_generation');
  }

  /** Tells every enabled node to restart its core. */
  async requestRestart(db: Queryable): Promise<void> {
    await this.bump(db, 'restart_generation');
  }

  /** The Xray versions of the cores that run now, also of those that refused the active config and run an older one. */
  async runningVersions(): Promise<string[]> {
    const rows = await this.db.rows<{ version: string }>(
      `SELECT coalesce(xray_version, '') AS version FROM nodes
        WHERE (status = 'connected' OR status = 'error' AND xray_version IS NOT NULL) AND deleted_at IS NULL`,
    );
    return rows.map((row) => row.version);
  }

  private async bump(db: Queryable, column: 'config_generation' | 'restart_generation'): Promise<void> {
    await db.run(
      `WITH enabled AS (SELECT id FROM nodes WHERE ${ENABLED} ORDER BY id FOR NO KEY UPDATE),
            bumped AS (UPDATE nodes n SET ${column} = ${column} + 1 FROM enabled WHERE n.id = enabled.id
                       RETURNING n.id)
       SELECT pg_notify('node_wake', id::text) FROM bumped`,
    );
  }
}
