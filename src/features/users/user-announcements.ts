import { Injectable } from '@nestjs/common';
import { NOTICES_CHANNEL } from '../../shared/activity/activity.js';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { UserCounts } from './user-counts.js';

/**
 * Tells everyone that users changed. Triggers have noted for the nodes which ones, in the transaction of the change; this
 * makes the replicas look at once, and count anew. One that is lost costs them a moment.
 */
@Injectable()
export class UserAnnouncements {
  constructor(
    private readonly events: DatabaseEvents,
    private readonly counts: UserCounts,
  ) {}

  /**
   * To be called after each commit that adds, removes or changes users; `isTold` says whether it left notices, see
   * `UserActivity`.
   */
  announce(isTold = false): void {
    this.counts.forget(); // whoever made a user finds it counted here, without waiting for the notification
    this.events.hint('user_change');
    if (isTold) this.announceNotices();
  }

  /** The same where users stay as they are. */
  announceNotices(): void {
    this.events.hint(NOTICES_CHANNEL);
  }
}
