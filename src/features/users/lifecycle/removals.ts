import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { SYSTEM } from '../../admins/index.js';
import { isToBeRemoved } from '../domain/removal.js';
import { UserActivity } from '../user-activity.js';
import { UserAnnouncements } from '../user-announcements.js';
import { DueUsers, type Pass } from './due-users.js';
import { RemovalsRepository } from './removals.repository.js';

/** Deleting is slow: history goes as well. */
const BATCH = 2_000;

/** Deletes users that have been expired for as long as operators want to keep them. */
@Injectable()
export class Removals {
  private readonly due = new DueUsers('delete-expired-users', BATCH);

  constructor(
    private readonly config: Config,
    private readonly db: WorkerDatabase,
    private readonly users: RemovalsRepository,
    private readonly activity: UserActivity,
    private readonly announcements: UserAnnouncements,
  ) {}

  async removeDue(pass: Pass): Promise<{ deleted: number; failed: number }> {
    const { settled, failed } = await this.due.settle(pass.at, {
      find: (without) => this.users.findDue(this.config.autoDelete, pass.at, BATCH, without),
      settle: (ids) => this.settle(ids, pass),
    });
    return { deleted: settled, failed };
  }

  private async settle(ids: readonly number[], pass: Pass): Promise<number> {
    const { removed, isTold } = await this.db.transaction(async (tx) => {
      await pass.guard(tx);
      const users = await this.users.lock(tx, ids);
      const due = users.filter((user) => isToBeRemoved(user, this.config.autoDelete, pass.at));
      const gone = due.map(({ id }) => id);
      const isTold = await this.activity.noteRemoval(tx, pass.at, SYSTEM, gone);
      await this.users.remove(tx, gone);
      return { removed: gone.length, isTold };
    });
    if (removed > 0) this.announcements.announce(isTold);
    return removed;
  }
}
