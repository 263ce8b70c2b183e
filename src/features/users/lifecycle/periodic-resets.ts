import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { type Reset, resetWhenDue } from '../domain/periodic-reset.js';
import { TrafficResetsRepository } from '../traffic-resets.repository.js';
import { UserAnnouncements } from '../user-announcements.js';
import { BATCH, type Pass, settleDue } from './due-users.js';

const NAME = 'reset-data-limits';

/** Counts the traffic of users from nothing again, each day, week, month or year of theirs. */
@Injectable()
export class PeriodicResets {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly resets: TrafficResetsRepository,
    private readonly announcements: UserAnnouncements,
  ) {}

  async resetDue(pass: Pass): Promise<{ reset: number; failed: number }> {
    let reset = 0;
    const { failed } = await settleDue({
      name: NAME,
      find: (without) => this.resets.findDue(this.db, pass.at, BATCH, without),
      settle: async (ids) => {
        const done = await this.settle(ids, pass);
        reset += done.reset;
        return done.reset + done.waiting;
      },
    });
    return { reset, failed };
  }

  private async settle(ids: readonly number[], pass: Pass): Promise<{ reset: number; waiting: number }> {
    const done = await this.db.transaction(async (tx) => {
      await pass.guard(tx);
      const users = await this.resets.lock(tx, ids);
      const waiting: number[] = [];
      const resets: Reset[] = [];
      for (const user of users) {
        const outcome = resetWhenDue(user, pass.at);
        if (outcome === 'waits') waiting.push(user.id);
        else if (outcome) resets.push(outcome);
      }
      await this.resets.wait(tx, waiting);
      await this.resets.write(tx, resets, pass.at);
      return { reset: resets.length, waiting: waiting.length };
    });
    if (done.reset > 0) this.announcements.announce();
    return done;
  }
}
