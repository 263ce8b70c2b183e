import { Injectable } from '@nestjs/common';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { SYSTEM } from '../../admins/index.js';
import type { UserEvent } from '../domain/activity.js';
import { type PeriodicUser, type Reset, resetWhenDue } from '../domain/periodic-reset.js';
import { TrafficResetsRepository } from '../traffic-resets.repository.js';
import { UserActivity } from '../user-activity.js';
import { UserAnnouncements } from '../user-announcements.js';
import { DueUsers, type Pass } from './due-users.js';

/** So few that requests do not wait for the notes of each to be written, nor memory for being tidied up. */
const BATCH = 2_000;

/** Counts the traffic of users from nothing again, each day, week, month or year of theirs. */
@Injectable()
export class PeriodicResets {
  private readonly due = new DueUsers('reset-data-limits', BATCH);

  constructor(
    private readonly db: WorkerDatabase,
    private readonly resets: TrafficResetsRepository,
    private readonly activity: UserActivity,
    private readonly announcements: UserAnnouncements,
  ) {}

  async resetDue(pass: Pass): Promise<{ reset: number; failed: number }> {
    let reset = 0;
    const { failed } = await this.due.settle(pass.at, {
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
    const { isTold, ...done } = await this.db.transaction(async (tx) => {
      await pass.guard(tx);
      const users = await this.resets.lock(tx, ids);
      const outcomes = users.flatMap((user) => {
        const reset = resetWhenDue(user, pass.at);
        return reset ? [{ user, reset }] : [];
      });
      const waiting = outcomes.filter(({ reset }) => reset === 'waits');
      const due = outcomes.flatMap(({ user, reset }) => (reset === 'waits' ? [] : [{ user, reset }]));
      await this.resets.wait(
        tx,
        waiting.map(({ user }) => user.id),
      );
      await this.resets.write(
        tx,
        due.map(({ reset }) => reset),
        pass.at,
      );
      const lifted = due.filter(({ user, reset }) => user.status !== reset.status);
      const events = [...due.map(toResetEvent), ...lifted.map(toMove)];
      const isTold = await this.activity.note(tx, pass.at, SYSTEM, events);
      return { reset: due.length, waiting: waiting.length, isTold };
    });
    if (done.reset > 0) this.announcements.announce(isTold);
    return done;
  }
}

interface Due {
  user: PeriodicUser;
  reset: Reset;
}

function toResetEvent({ user: { id, username, usedTraffic } }: Due): UserEvent {
  return {
    kind: 'reset_with_others',
    before: { id, username, usedTraffic },
    after: { id, username, usedTraffic: 0n },
  };
}

/** Of those whose status changed with it, others are told. */
function toMove({ user: { id, username, status }, reset }: Due): UserEvent {
  return { kind: 'moved', before: { id, username, status }, after: { id, username, status: reset.status } };
}
