import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import type { Tx } from '../../shared/database/database.js';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import { SYSTEM } from '../admins/index.js';
import type { UserEvent } from './domain/activity.js';
import { applyReview, type ReviewChange, reviewUser } from './domain/review.js';
import type { User } from './domain/user.js';
import { DueUsers } from './lifecycle/due-users.js';
import { lockAndReadUsers } from './lock-users.js';
import { REVIEW_BATCH, ReviewRepository } from './review.repository.js';
import { UserActivity } from './user-activity.js';
import { UserAnnouncements } from './user-announcements.js';

type Guard = (tx: Tx) => Promise<void>;

/** What time and traffic make of users, whether anybody asks or not. */
@Injectable()
export class UserReviews {
  private readonly due = new DueUsers('review-users', REVIEW_BATCH);

  constructor(
    private readonly db: WorkerDatabase,
    private readonly clock: DatabaseClock,
    private readonly reviews: ReviewRepository,
    private readonly activity: UserActivity,
    private readonly announcements: UserAnnouncements,
  ) {}

  /**
   * Applies every change of status due at `now`; returns how many users changed. `guard` is called first in each transaction,
   * and throws when it must not be written.
   */
  async reviewStatuses(now = this.clock.now(), guard?: Guard): Promise<number> {
    const { settled } = await this.due.settle(now, {
      find: (without) => this.reviews.findDue(now, without),
      settle: (ids) => this.review(ids, now, guard),
    });
    return settled;
  }

  /** The same for the given users only, e.g. those whose traffic was just counted. */
  async reviewUsers(ids: readonly number[], now = this.clock.now()): Promise<number> {
    const { settled } = await this.due.settleThese(ids, now, (some) => this.review(some, now));
    return settled;
  }

  private async review(ids: readonly number[], now: Date, guard?: Guard): Promise<number> {
    const { written, isTold } = await this.db.transaction(async (tx) => {
      await guard?.(tx);
      const users = await lockAndReadUsers(tx, ids);
      const reviewed = users.flatMap((user) => {
        const change = reviewUser(user, now);
        return change ? [{ user, change }] : [];
      });
      await this.reviews.write(
        tx,
        reviewed.map(({ change }) => change),
        now,
      );
      const events = reviewed.map(({ user, change }) => eventOf(user, change, now));
      const isTold = await this.activity.note(tx, now, SYSTEM, events);
      return { written: reviewed.length, isTold };
    });
    if (written > 0) this.announcements.announce(isTold);
    return written;
  }
}

const eventOf = (before: User, change: ReviewChange, now: Date): UserEvent => ({
  kind: change.taken === null ? 'status' : 'next_plan',
  before,
  after: applyReview(before, change, now),
});
