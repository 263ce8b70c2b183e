import http from 'node:http';
import https from 'node:https';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { type Answer, post } from '../../../shared/http/post.js';
import { guardedLookup } from './guarded-lookup.js';

/** Posts to addresses of shops, and believes none of them. */
@Injectable()
export class WebhookClient implements OnApplicationShutdown {
  private readonly agents: Record<string, http.Agent>;

  constructor({ notifications: { webhooks } }: Config) {
    const options = { keepAlive: true, maxFreeSockets: 2, lookup: guardedLookup(webhooks.allowPrivate) };
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
