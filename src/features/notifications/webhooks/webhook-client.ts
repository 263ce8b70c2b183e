import { type LookupAddress, type LookupOptions, lookup as resolve } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { type Answer, post } from '../../../shared/http/post.js';
import { isGlobal, isLoopback } from '../../../config/addresses.js';

/** Posts to addresses of shops, and believes none of them. */
@Injectable()
export class WebhookClient implements OnApplicationShutdown {
  private readonly agents: Record<string, http.Agent>;

  constructor({ notifications: { webhooks } }: Config) {
    const options = { keepAlive: true, maxFreeSockets: 2, lookup: lookupFor(webhooks.allowPrivate) };
    this.agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
  }

  /** @throws when there is no answer in time, in words for operators without secrets */
  post(address: string, headers: Record<string, string>, body: string): Promise<Answer> {
    const url = new URL(address);
    return post(url, body, { agent: this.agents[url.protocol]!, headers });
  }

  onApplicationShutdown(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }
}

/**
 * Looks names up as usual, and leaves out addresses that are not reachable from everywhere: whoever has a name says what it
 * leads to, and may change his mind between a check and its use. An address that the setting itself says is not looked up.
 */
function lookupFor(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...(options as LookupOptions), all: true }, (error, found) => {
      if (error) return callback(error, []);
      const allowed = found.filter(({ address }) => allowPrivate || mayReach(hostname, address));
      if (allowed.length === 0) return callback(new PrivateAddress(), []);
      if (options.all) return callback(null, allowed);
      const [first] = allowed as [LookupAddress];
      callback(null, first.address, first.family);
    });
  };
}

/** `localhost` says what it leads to. */
function mayReach(hostname: string, address: string): boolean {
  return isGlobal(address) || (/^(.+\.)?localhost\.?$/i.test(hostname) && isLoopback(address));
}

class PrivateAddress extends Error {
  constructor() {
    super('Its name leads to a private address; WEBHOOK_ALLOW_PRIVATE=true allows that');
  }
}
