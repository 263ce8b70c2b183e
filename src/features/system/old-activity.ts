import { Injectable } from '@nestjs/common';
import type { Statement } from '../../shared/database/statement.js';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import type { JobRun } from '../../shared/scheduling/job-run.js';

const BATCH = 10_000;

// The first ids are the oldest, which needs no index of its own. One of them may be younger, of a clock that was set back.
const PRUNE: Statement = {
  name: 'activity_prune',
  text: `DELETE FROM activity a
          USING (SELECT id FROM activity ORDER BY id LIMIT $2) oldest
          WHERE a.id = oldest.id AND a.at < $1`,
};

/** What was done long ago. */
@Injectable()
export class OldActivity {
  constructor(private readonly db: WorkerDatabase) {}

  /** Deletes what is older than so many days, 0 for none of it; returns how much there was. */
  async prune(run: Pick<JobRun, 'at' | 'guard'>, days: number): Promise<number> {
    if (days === 0) return 0;
    const before = new Date(run.at.getTime() - days * 86_400_000);
    for (let removed = 0; ;) {
      const some = await this.db.transaction(async (tx) => {
        await run.guard(tx);
        return tx.run(PRUNE, [before, BATCH]);
      });
      removed += some;
      if (some === 0) return removed;
    }
  }
}
