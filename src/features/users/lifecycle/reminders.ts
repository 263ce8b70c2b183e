import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { SYSTEM } from '../../admins/index.js';
import type { UserEvent } from '../domain/activity.js';
import { type ReminderSettings, remindersOf } from '../domain/reminders.js';
import { lockAndReadUsers } from '../lock-users.js';
import { UserActivity } from '../user-activity.js';
import { UserAnnouncements } from '../user-announcements.js';
import { DueUsers, type Pass } from './due-users.js';
import { RemindersRepository } from './reminders.repository.js';

/** Each is told with all of its user. */
const BATCH = 2_000;
const FORGET_BATCH = 10_000;

/** Reminds operators' shops of users that will soon be without traffic or time, once for each threshold. */
@Injectable()
export class Reminders {
  private readonly due = new DueUsers('remind-of-users', BATCH);

  constructor(
    private readonly config: Config,
    private readonly db: WorkerDatabase,
    private readonly reminders: RemindersRepository,
    private readonly activity: UserActivity,
    private readonly announcements: UserAnnouncements,
  ) {}

  async remindDue(pass: Pass): Promise<{ reminders: number; failed: number }> {
    const settings = this.settings();
    const { settled, failed } = await this.due.settle(pass.at, {
      find: (without) => this.reminders.findDue(settings, pass.at, BATCH, without),
      settle: (ids) => this.settle(ids, settings, pass),
    });
    return { reminders: settled, failed };
  }

  /** Forgets reminders of what is no longer so. What ends them ends them at once; this is for what else changed users. */
  async forgetStale(pass: Pass): Promise<{ removed: number }> {
    for (let removed = 0; ;) {
      const some = await this.db.transaction(async (tx) => {
        await pass.guard(tx);
        return this.reminders.forgetStale(tx, pass.at, FORGET_BATCH);
      });
      removed += some;
      if (some < FORGET_BATCH) return { removed };
    }
  }

  /** Nothing without a shop to tell, or where it is switched off: then nothing is remembered, either. */
  private settings(): ReminderSettings {
    const { webhooks, wanted, usagePercents, daysLeft } = this.config.notifications;
    const isTold = webhooks.addresses.length > 0;
    return {
      usagePercents: isTold && wanted.usagePercent ? usagePercents : [],
      daysLeft: isTold && wanted.daysLeft ? daysLeft : [],
    };
  }

  private async settle(ids: readonly number[], settings: ReminderSettings, pass: Pass): Promise<number> {
    const { sent, isTold } = await this.db.transaction(async (tx) => {
      await pass.guard(tx);
      const users = await lockAndReadUsers(tx, ids);
      const due = users.flatMap((user) =>
        remindersOf(user, settings, pass.at).map((reminder) => ({ ...reminder, user, userId: user.id })),
      );
      const added = await this.reminders.add(tx, due, pass.at);
      const news = new Set(added.map(keyOf));
      const events = due
        .filter((reminder) => news.has(keyOf(reminder)))
        .map(({ user, kind, value }): UserEvent => ({
          kind: kind === 'data_usage' ? 'usage_percent' : 'days_left',
          user,
          value,
        }));
      return { sent: added.length, isTold: await this.activity.note(tx, pass.at, SYSTEM, events) };
    });
    if (isTold) this.announcements.announceNotices();
    return sent;
  }
}

const keyOf = ({ userId, kind }: { userId: number; kind: string }): string => `${userId} ${kind}`;
