import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../database/worker-database.js';
import { Replica } from './replica.js';

/** Which replica runs a job: one row per job, on the database's clock. */
@Injectable()
export class JobLeaseRepository {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly replica: Replica,
  ) {}

  /** Takes or renews the lease; returns its fencing number, or undefined while another replica holds it. */
  async claim(name: string, seconds: number): Promise<bigint | undefined> {
    const row = await this.db.row<{ fence: bigint }>(
      `INSERT INTO job_lease AS l (name, holder, expires_at)
       VALUES ($1, $2, now() + make_interval(secs => $3))
       ON CONFLICT (name) DO UPDATE
         SET holder = excluded.holder, fence = l.fence + (l.holder <> excluded.holder)::int,
             expires_at = excluded.expires_at
         WHERE l.expires_at < now() OR l.holder = excluded.holder
       RETURNING fence`,
      [name, this.replica.id, seconds],
    );
    return row?.fence;
  }

  /** Gives up every lease of this replica, so that another can go on at once. */
  async releaseAll(): Promise<void> {
    await this.db.run('DELETE FROM job_lease WHERE holder = $1', [this.replica.id]);
  }
}
