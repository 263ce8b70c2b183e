import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Activities } from '../../shared/activity/activities.js';
import type { Activity, Doer, Notice } from '../../shared/activity/activity.js';
import { targetsOf } from '../../shared/activity/targets.js';
import type { Queryable } from '../../shared/database/database.js';
import { type Actor, type Admin, toldBy as toldDoer } from '../admins/index.js';
import {
  creationOf,
  moveNewsOf,
  newsOf,
  recordOf,
  type UserEvent,
  type UserFacts,
} from './domain/activity.js';
import type { User } from './domain/user.js';
import { type ManyNews, UserNotesRepository } from './user-notes.repository.js';
import { snapshotOf } from './user-snapshot.js';

/** Notes what happens to users, and tells of it who wants to know. Every way of changing users leads through here. */
@Injectable()
export class UserActivity {
  constructor(
    private readonly activities: Activities,
    private readonly config: Config,
    private readonly many: UserNotesRepository,
  ) {}

  /**
   * Notes events in the transaction of the change, which has the users locked; in order, in one statement. True when
   * somebody is to be told of them: `UserAnnouncements` wants to know that after the commit.
   */
  async note(tx: Queryable, at: Date, by: Actor, events: readonly UserEvent[]): Promise<boolean> {
    const isTold = await this.activities.note(
      tx,
      at,
      events.map((event) => activityOf(event, by)),
      events.flatMap((event) => this.noticesOf(event, by)),
    );
    const toldBy = by.kind === 'system' ? null : toldDoer(by);
    return (await this.tellOfMany(tx, at, toldBy, events.flatMap(moveNewsOf))) || isTold;
  }

  /**
   * Notes that these users are deleted, which are locked with their traffic, and tells of it: before they are. True as in
   * {@link note}.
   */
  async noteRemoval(tx: Queryable, at: Date, by: Actor, ids: readonly number[]): Promise<boolean> {
    if (ids.length === 0) return false;
    await this.many.noteRemoval(tx, at, by, ids);
    const news = ids.map((userId): ManyNews => ({ action: 'user_deleted', userId }));
    return this.tellOfMany(tx, at, toldDoer(by), news);
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

  private async tellOfMany(
    tx: Queryable,
    at: Date,
    by: object | null,
    news: readonly ManyNews[],
  ): Promise<boolean> {
    if (news.length === 0) return false;
    const owners = await this.many.ownersOf(
      tx,
      news.map(({ userId }) => userId),
    );
    const actions = [...new Set(news.map(({ action }) => action))];
    const targets = actions.flatMap((action) =>
      owners.flatMap((owner) =>
        targetsOf(this.config.notifications, action, owner).map((target) => ({
          action,
          ownerId: owner?.id ?? null,
          target,
        })),
      ),
    );
    if (targets.length === 0) return false;
    await this.many.tell(tx, at, by, news, targets);
    return true;
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
  return by.kind === 'system' && event.kind !== 'deleted' ? null : toldDoer(by);
}
