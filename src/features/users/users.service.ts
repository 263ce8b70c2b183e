import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import { Secrets } from '../../shared/secrets/secrets.js';
import type { TagsByProtocol } from '../../xray/config/types.js';
import type { Admin } from '../admins/index.js';
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
  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly users: UsersRepository,
    private readonly resets: TrafficResetsRepository,
    private readonly announcements: UserAnnouncements,
    private readonly core: CoreConfigs,
    private readonly secrets: Secrets,
  ) {}

  /** The user, if the admin may have it. Throws `UserNotFound`, then `NotYourUser`. */
  async getFor(admin: Admin, username: string): Promise<User> {
    const user = await this.users.findByName(username);
    if (!user) throw new UserNotFound();
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
    const keys = { own: this.secrets.subscriptionTokens, imported: this.secrets.importedSubscriptionKeys };
    const read = readToken(token, keys, this.clock.now());
    // A token that says nothing is looked up as well, so that the time of the answer does not tell what is wrong.
    const user = await find(read?.username ?? '');
    return read && user && isTokenValid(read.issued, user.createdAt, user.subRevokedAt) ? user : null;
  }

  /** Creates a user of the admin. Throws `InvalidInput`, `ProtocolDisabled` or `UsernameTaken`. */
  async create(admin: Admin, request: UserRequest): Promise<User> {
    const config = this.configTags();
    refuseUnknownTags(chosenInbounds(request), config);
    refuseDisabled(request.proxies, config);
    const user = createUser(request, { now: this.clock.now(), config, fresh: randomCredentials });
    const id = await this.users.insert({ ...user, ownerId: admin.id });
    this.announcements.announce();
    return { ...user, id, owner: admin };
  }

  /** Changes a user. Throws `InvalidInput`, `ProtocolDisabled` or `UserNotFound`. */
  async modify(id: number, change: UserChange): Promise<User> {
    const config = this.configTags();
    refuseUnknownTags(change.inbounds ?? {}, config);
    refuseDisabled(change.proxies ?? {}, config);
    return this.change(id, (user) =>
      modifyUser(user, change, { now: this.clock.now(), config, fresh: randomCredentials }),
    );
  }

  /** Starts the count of a user's traffic again. Throws `UserNotFound`. */
  async reset(id: number): Promise<User> {
    return this.startAgain(id, resetTraffic);
  }

  /** Moves a user to its next plan, due or not. Throws `UserNotFound` or `NextPlanNotFound`. */
  async activateNextPlan(id: number): Promise<User> {
    return this.startAgain(id, (user, now) => {
      const next = activatePlan(user, now);
      if (!next) throw new NextPlanNotFound();
      return next;
    });
  }

  /** Gives a user to another admin; what it used stays on the account of the former. Throws `UserNotFound`. */
  async setOwner(id: number, owner: Admin): Promise<User> {
    return this.change(id, (user) => ({ ...user, owner }));
  }

  /** Gives a user a new subscription link and new credentials. Throws `UserNotFound`. */
  async revoke(id: number): Promise<User> {
    return this.change(id, (user) => revokeLinks(user, this.clock.now(), randomCredentials));
  }

  /** Deletes a user with all that is known of it. Throws `UserNotFound`. */
  async remove(id: number): Promise<void> {
    if (!(await this.users.delete(id))) throw new UserNotFound();
    this.announcements.announce();
  }

  /** Decides on the locked user, whose traffic so far is over, and writes the outcome. */
  private async startAgain(id: number, decide: (user: User, now: Date) => User): Promise<User> {
    const now = this.clock.now();
    const started = await this.db.transaction(async (tx) => {
      const user = await this.lock(tx, id);
      const next = decide(user, now);
      await this.resets.takeOf(tx, user, now);
      await this.users.update(tx, next);
      return next;
    });
    this.announcements.announce();
    return started;
  }

  /** Decides on the locked user and writes the outcome, so that two changes at once follow each other. */
  private async change(id: number, decide: (user: User) => User): Promise<User> {
    const changed = await this.db.transaction(async (tx) => {
      const next = decide(await this.lock(tx, id));
      await this.users.update(tx, next);
      return next;
    });
    this.announcements.announce();
    return changed;
  }

  private async lock(tx: Tx, id: number): Promise<User> {
    const user = await this.users.lock(tx, id);
    if (!user) throw new UserNotFound();
    return user;
  }

  private configTags(): ConfigTags {
    return tagsOfConfig(this.core.current().inbounds);
  }
}

function refuseUnknownTags(choice: TagsByProtocol, config: ConfigTags): void {
  const tag = findUnknownTag(choice, config);
  if (tag !== undefined) throw unknownInbound(tag);
}

function refuseDisabled(proxies: ProxyRequests, config: ConfigTags): void {
  const disabled = protocolsOf(proxies).find((protocol) => config[protocol].length === 0);
  if (disabled) throw new ProtocolDisabled(disabled);
}
