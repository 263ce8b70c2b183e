import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { HostsService } from '../hosts/index.js';
import { type User, UsersService } from '../users/index.js';
import { subscriptionHeaders } from './domain/subscription-headers.js';
import { FetchRecorder } from './fetch-recorder.js';
import { SubscriptionNotFound } from './subscription.errors.js';

/** A client application that fetches. */
export interface Visitor {
  /** The address it asked for, as its user would type it. */
  url: string;
  userAgent: string;
  /** It wants the headers only, so this is not a fetch. */
  isProbe: boolean;
}

export interface Subscription {
  headers: Record<string, string>;
  body: string;
}

@Injectable()
export class SubscriptionService {
  constructor(
    private readonly config: Config,
    private readonly users: UsersService,
    private readonly hosts: HostsService,
    private readonly fetches: FetchRecorder,
  ) {}

  /**
   * What a client application gets: the user's share links in base64, whatever the user's status, since only the cores
   * refuse service. Throws `SubscriptionNotFound`.
   */
  async fetch(token: string, visitor: Visitor, now: Date): Promise<Subscription> {
    const user = await this.getUser(token);
    if (!visitor.isProbe) this.fetches.record(user.id, visitor.userAgent, now);
    return {
      headers: subscriptionHeaders(user, this.config.subscription, visitor.url),
      body: Buffer.from(this.hosts.shareLinks(user, now).join('\n')).toString('base64'),
    };
  }

  /** The user that a token opens. Throws `SubscriptionNotFound`. */
  async getUser(token: string): Promise<User> {
    const user = await this.users.findByToken(token);
    if (!user) throw new SubscriptionNotFound();
    return user;
  }
}
