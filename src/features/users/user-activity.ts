import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Activities } from '../../shared/activity/activities.js';
import type { Activity, Doer, Notice } from '../../shared/activity/activity.js';
import { targetsOf } from '../../shared/activity/targets.js';
import type { Queryable } from '../../shared/database/database.js';
import { type Actor, type Admin, toldBy } from '../admins/index.js';
import { creationOf, newsOf, recordOf, type UserEvent, type UserFacts } from './domain/activity.js';
import type { User } from './domain/user.js';
import { snapshotOf } from './user-snapshot.js';

/** Notes what happens to users, and tells of it who wants to know. Every way of changing users leads through here. */
@Injectable()
export class UserActivity {
  constructor(
    private readonly activities: Activities,
    private readonly config: Config,
  ) {}

  /**
   * Notes events in the transaction of the change, which has the users locked; in order, in one statement. True when
   * somebody is to be told of them: `UserAnnouncements` wants to know that after the commit.
   */
  async note(tx: Queryable, at: Date, by: Actor, events: readonly UserEvent[]): Promise<boolean> {
    return this.activities.note(
      tx,
      at,
      events.map((event) => activityOf(event, by)),
      events.flatMap((event) => this.noticesOf(event, by)),
    );
  }

  /** What is noted of a user that is not made yet: its id is not known. */
  ofCreation(user: Omit<User, 'id'>, by: Actor): Activity {
    return { by: doerOf(by), subject: { kind: 'user', id: null, name: user.username }, ...creationOf(user) };
  }

  /** Whether anybody is told of new users of this owner. */
  tellsOfCreation(owner: Admin | null): boolean {
    return targetsOf(this.config.notifications, 'user_created', owner).length > 0;
  }

  /** Tells of events that are noted already, see {@link note}. */
  async tell(tx: Queryable, at: Date, by: Actor, events: readonly UserEvent[]): Promise<boolean> {
    return this.activities.note(
      tx,
      at,
      [],
      events.flatMap((event) => this.noticesOf(event, by)),
    );
  }

  private noticesOf(event: UserEvent, by: Actor): Notice[] {
    return newsOf(event).flatMap(({ action, user, extra }) => {
      const targets = targetsOf(this.config.notifications, action, user.owner);
      if (targets.length === 0) return [];
      return [{ action, user, by: toldDoerOf(event, by), snapshot: snapshotOf(user), extra, targets }];
    });
  }
}

function activityOf(event: UserEvent, by: Actor): Activity {
  const { id, username } = subjectOf(event);
  return { by: doerOf(by), subject: { kind: 'user', id, name: username }, ...recordOf(event) };
}

const doerOf = ({ kind, id, name }: Actor): Doer => ({ kind, id, name });

function subjectOf(event: UserEvent): UserFacts {
  if ('user' in event) return event.user;
  return event.kind === 'deleted' ? event.before : event.after;
}

/** What time and traffic do to a user is nobody's doing, but for its deletion: whoever is told of that expects a name. */
function toldDoerOf(event: UserEvent, by: Actor): object | null {
  return by.kind === 'system' && event.kind !== 'deleted' ? null : toldBy(by);
}
