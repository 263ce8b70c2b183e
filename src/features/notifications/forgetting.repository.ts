import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import type { JobRun } from '../../shared/scheduling/job-run.js';

/** Rows that are deleted in one transaction. */
const BATCH = 5_000;

/** Deliveries that ended long ago, and notifications without any. */
@Injectable()
export class ForgettingRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Deletes what ended in this way so many days before the run, with the notifications it was the last of; returns how much. */
  async forget(run: JobRun, state: 'delivered' | 'dead', days: number): Promise<number> {
    for (let forgotten = 0; ;) {
      const rows = await this.db.transaction(async (tx) => {
        await run.guard(tx);
        const gone = await tx.rows<{ id: string }>(
          `DELETE FROM notification_delivery
            WHERE id IN (SELECT id FROM notification_delivery
                          WHERE state = $1 AND finished_at <= $2::timestamptz - make_interval(days => $3)
                          ORDER BY finished_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
           RETURNING notification_id AS id`,
          [state, run.at, days],
        );
        // After that: a statement does not see what another part of it deletes.
        await tx.run(
          `DELETE FROM notification n WHERE n.id = ANY ($1::uuid[])
              AND NOT EXISTS (SELECT FROM notification_delivery d WHERE d.notification_id = n.id)`,
          [gone.map(({ id }) => id)],
        );
        return gone.length;
      });
      forgotten += rows;
      if (rows < BATCH || run.signal.aborted) return forgotten;
    }
  }
}
