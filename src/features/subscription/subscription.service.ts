import { Injectable } from '@nestjs/common';
import { type DocumentFormat, writeDocument } from '../../client-configs/index.js';
import { Config } from '../../config/config.js';
import type { DateRange } from '../../shared/domain/date-range.js';
import { ownVersion } from '../../shared/own-version.js';
import { HostsService, RandomDice } from '../hosts/index.js';
import {
  type NodeUsage,
  type SubscribedUser,
  UsageHistory,
  type User,
  UsersService,
} from '../users/index.js';
import {
  CLIENT_TYPES,
  type ClientFormat,
  type ClientType,
  formatFor,
  hasOldSingBox,
} from './domain/client-format.js';
import { entityTag } from './domain/entity-tag.js';
import { subscriptionHeaders } from './domain/subscription-headers.js';
import { FetchRecorder } from './fetch-recorder.js';
import { ClientTemplates } from './templates/client-templates.js';
import { SubscriptionNotFound, unknownClientType } from './subscription.errors.js';

/** A client application that fetches. */
export interface Visitor {
  /** The address it asked for, as its user would type it. */
  url: string;
  userAgent: string;
  /** It wants the headers only, so this is not a fetch. */
  isProbe: boolean;
}

export interface Subscription {
  type: ClientType;
  headers: Record<string, string>;
  /** Names this version of the answer. */
  tag: string;
  /** Writes it, which a client that has this version does without. */
  write: () => string;
}

@Injectable()
export class SubscriptionService {
  private readonly dice = new RandomDice();
  /** Names the program and its settings. */
  private readonly installation: string;

  constructor(
    private readonly config: Config,
    private readonly users: UsersService,
    private readonly usages: UsageHistory,
    private readonly hosts: HostsService,
    private readonly fetches: FetchRecorder,
    private readonly templates: ClientTemplates,
  ) {
    this.installation = entityTag(ownVersion(), config.subscription, config.serverIp, config.serverIpv6);
  }

  /**
   * What a client application gets, in the format that its user agent tells, and whatever the user's status, since
   * only the cores refuse service. The fetch is noted. Throws `SubscriptionNotFound`.
   */
  async fetch(token: string, visitor: Visitor, now: Date): Promise<Subscription> {
    const user = await this.getSubscribed(token);
    if (!visitor.isProbe) this.fetches.record(user.id, visitor.userAgent, now);
    return this.answer(user, formatFor(visitor.userAgent, this.config.subscription.customJson), visitor, now);
  }

  /** The same in the format of this name; not noted. Throws `SubscriptionNotFound`, then `InvalidInput`. */
  async fetchAs(type: string, token: string, visitor: Visitor, now: Date): Promise<Subscription> {
    const user = await this.getSubscribed(token);
    const known = CLIENT_TYPES.find((name) => name === type);
    if (known === undefined) throw unknownClientType();
    return this.answer(user, { type: known }, visitor, now);
  }

  /** What an application of this type gets, share links one a line; for operators, and so not noted. */
  writeFor(user: SubscribedUser, type: ClientType, now: Date): string {
    return type === 'v2ray' ? this.links(user, now) : this.document(user, { type }, '', now);
  }

  /** What a user used on each node. Throws `SubscriptionNotFound`. */
  async usage(token: string, range: () => DateRange): Promise<{ user: User; usages: NodeUsage[] }> {
    const user = await this.getUser(token);
    return { user, usages: await this.usages.ofUser(user.id, range()) };
  }

  /** The user that a token opens. Throws `SubscriptionNotFound`. */
  async getUser(token: string): Promise<User> {
    return found(await this.users.findByToken(token));
  }

  private async getSubscribed(token: string): Promise<SubscribedUser> {
    return found(await this.users.findSubscribed(token));
  }

  private answer(
    user: SubscribedUser,
    format: ClientFormat,
    { url, userAgent }: Visitor,
    now: Date,
  ): Subscription {
    const { type } = format;
    return {
      type,
      headers: subscriptionHeaders(user, this.config.subscription, url),
      tag: this.tag(user, format, userAgent, now),
      write: () =>
        type === 'v2ray'
          ? Buffer.from(this.links(user, now)).toString('base64')
          : this.document(user, { ...format, type }, userAgent, now),
    };
  }

  private links(user: SubscribedUser, now: Date): string {
    return this.hosts.shareLinks(user, now).join('\n');
  }

  private tag(user: SubscribedUser, format: ClientFormat, userAgent: string, now: Date): string {
    return entityTag(
      this.installation,
      this.hosts.edition(now),
      this.templates.edition(),
      [format, hasOldSingBox(userAgent)],
      [
        user.username,
        user.status,
        String(user.usedTraffic),
        String(user.dataLimit),
        user.expireAt,
        user.holdSeconds,
      ],
      [user.proxies, user.excludedInbounds],
    );
  }

  private document(
    user: SubscribedUser,
    { type, reversed }: ClientFormat & { type: Exclude<ClientType, 'v2ray'> },
    userAgent: string,
    now: Date,
  ): string {
    const format: DocumentFormat =
      type === 'sing-box' && hasOldSingBox(userAgent) ? 'sing-box-before-1.12' : type;
    const entries = this.hosts.entries(user, now);
    return writeDocument(format, reversed ? entries.reverse() : entries, this.templates.current(), this.dice);
  }
}

function found<T>(user: T | null): T {
  if (!user) throw new SubscriptionNotFound();
  return user;
}
