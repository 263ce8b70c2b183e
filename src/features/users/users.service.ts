import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database } from '../../shared/database/database.js';
import { Secrets } from '../../shared/secrets/secrets.js';
import type { TagsByProtocol } from '../../xray/config/types.js';
import type { Actor, Admin } from '../admins/index.js';
import { CoreConfigs } from '../core/index.js';
import { randomCredentials } from './credentials.js';
import { chosenInbounds, createUser, type UserRequest } from './domain/creation.js';
import { type ConfigTags, findUnknownTag, tagsOfConfig } from './domain/inbounds.js';
import { modifyUser, type UserChange } from './domain/modification.js';
import { activatePlan } from './domain/next-plan.js';
import { protocolsOf, type ProxyRequests } from './domain/proxies.js';
import { resetTraffic } from './domain/reset.js';
import { revokeLinks } from './domain/revocation.js';
import { isTokenValid, readToken } from './domain/subscription-token.js';
import type { SubscribedUser, User } from './domain/user.js';
import { TrafficResetsRepository } from './traffic-resets.repository.js';
import { UserActivity } from './user-activity.js';
import { UserAnnouncements } from './user-announcements.js';
import {
  NextPlanNotFound,
  NotYourUser,
  ProtocolDisabled,
  unknownInbound,
  UserNotFound,
} from './users.errors.js';
import { UsersRepository } from './users.repository.js';

/** What is done to single users. */
@Injectable()
export class UsersService {
  private readonly importedKeys: readonly string[];

  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly users: UsersRepository,
    private readonly resets: TrafficResetsRepository,
    private readonly activity: UserActivity,
    private readonly announcements: UserAnnouncements,
    private readonly core: CoreConfigs,
    private readonly secrets: Secrets,
  ) {
    this.importedKeys = secrets.importedKeys.map(({ text }) => text);
  }

  /** Throws `UserNotFound`. */
  async get(username: string): Promise<User> {
    const user = await this.users.findByName(username);
    if (!user) throw new UserNotFound();
    return user;
  }

  /** The user, if the admin may have it. Throws `UserNotFound`, then `NotYourUser`. */
  async getFor(admin: Admin, username: string): Promise<User> {
    const user = await this.get(username);
    if (!admin.isSudo && user.owner?.id !== admin.id) throw new NotYourUser();
    return user;
  }

  /** The user whose subscription link ends in this token; null for a token that does not count (any more). */
  async findByToken(token: string): Promise<User | null> {
    return this.behind(token, (username) => this.users.findByName(username));
  }

  /** The same, with no more of the user than a fetch needs. */
  async findSubscribed(token: string): Promise<SubscribedUser | null> {
    return this.behind(token, (username) => this.users.findSubscribed(username));
  }

  private async behind<U extends SubscribedUser>(
    token: string,
    find: (username: string) => Promise<U | null>,
  ): Promise<U | null> {
    const keys = { own: this.secrets.subscriptionTokens, imported: this.importedKeys };
    const read = readToken(token, keys, this.clock.now());
    // A token that says nothing is looked up as well, so that the time of the answer does not tell what is wrong.
    const user = await find(read?.username ?? '');
    return read && user && isTokenValid(read.issued, user.createdAt, user.subRevokedAt) ? user : null;
  }

  /** Creates a user of the admin. Throws `InvalidInput`, `ProtocolDisabled` or `UsernameTaken`. */
  async create(by: Actor, request: UserRequest): Promise<User> {
    const config = this.configTags();
    refuseUnknownTags(chosenInbounds(request), config);
    refuseDisabled(request.proxies, config);
    const now = this.clock.now();
    const user = {
      ...createUser(request, { now, config, fresh: randomCredentials }),
      owner: by.admin,
    };
    const noted = this.activity.ofCreation(user, by);
    const isTold = this.activity.tellsOfCreation(user.owner);
    // One statement where it can be, for shops create many.
    const id = isTold
      ? await this.db.transaction(async (tx) => {
          const added = await this.users.insert(tx, user, noted);
          await this.activity.tell(tx, now, by, [{ kind: 'created', after: { ...user, id: added } }]);
          return added;
        })
      : await this.users.insert(this.db, user, noted);
    this.announcements.announce(isTold);
    return { ...user, id };
  }

  /** Changes a user. Throws `InvalidInput`, `ProtocolDisabled` or `UserNotFound`. */
  async modify(by: Actor, id: number, change: UserChange): Promise<User> {
    const config = this.configTags();
    refuseUnknownTags(change.inbounds ?? {}, config);
    refuseDisabled(change.proxies ?? {}, config);
    return this.change(by, id, 'modified', (user, now) =>
      modifyUser(user, change, { now, config, fresh: randomCredentials }),
    );
  }

  /** Starts the count of a user's traffic again. Throws `UserNotFound`. */
  async reset(by: Actor, id: number): Promise<User> {
    return this.change(by, id, 'reset', resetTraffic);
  }

  /** Moves a user to its next plan, due or not. Throws `UserNotFound` or `NextPlanNotFound`. */
  async activateNextPlan(by: Actor, id: number): Promise<User> {
    return this.change(by, id, 'next_plan', (user, now) => {
      const next = activatePlan(user, now);
      if (!next) throw new NextPlanNotFound();
      return next;
    });
  }

  /** Gives a user to another admin; what it used stays on the account of the former. Throws `UserNotFound`. */
  async setOwner(by: Actor, id: number, owner: Admin): Promise<User> {
    return this.change(by, id, 'owner', (user) => ({ ...user, owner }));
  }

  /** Gives a user a new subscription link and new credentials. Throws `UserNotFound`. */
  async revoke(by: Actor, id: number): Promise<User> {
    return this.change(by, id, 'revoked', (user, now) => revokeLinks(user, now, randomCredentials));
  }

  /** Deletes a user with all that is known of it. Throws `UserNotFound`. */
  async remove(by: Actor, id: number): Promise<void> {
    const isTold = await this.db.transaction(async (tx) => {
      const before = await this.users.delete(tx, id);
      if (!before) throw new UserNotFound();
      return this.activity.note(tx, this.clock.now(), by, [{ kind: 'deleted', before }]);
    });
    this.announcements.announce(isTold);
  }

  /**
   * Decides on the locked user and writes the outcome, so that two changes at once follow each other. Traffic that is
   * counted from nothing again is over.
   */
  private async change(
    by: Actor,
    id: number,
    kind: 'modified' | 'reset' | 'next_plan' | 'owner' | 'revoked',
    decide: (user: User, now: Date) => User,
  ): Promise<User> {
    const { after, isTold } = await this.db.transaction(async (tx) => {
      const before = await this.users.lock(tx, id);
      if (!before) throw new UserNotFound();
      const now = this.clock.now();
      const after = decide(before, now);
      if (startsAgain(kind)) await this.resets.takeOf(tx, before, now);
      await this.users.update(tx, after);
      return { after, isTold: await this.activity.note(tx, now, by, [{ kind, before, after }]) };
    });
    this.announcements.announce(isTold);
    return after;
  }

  private configTags(): ConfigTags {
    return tagsOfConfig(this.core.current().inbounds);
  }
}

const startsAgain = (kind: string): boolean => kind === 'reset' || kind === 'next_plan';

function refuseUnknownTags(choice: TagsByProtocol, config: ConfigTags): void {
  const tag = findUnknownTag(choice, config);
  if (tag !== undefined) throw unknownInbound(tag);
}

function refuseDisabled(proxies: ProxyRequests, config: ConfigTags): void {
  const disabled = protocolsOf(proxies).find((protocol) => config[protocol].length === 0);
  if (disabled) throw new ProtocolDisabled(disabled);
}
