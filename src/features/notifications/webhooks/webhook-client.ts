import { type LookupAddress, type LookupOptions, lookup as resolve } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { isGlobal, isLoopback } from '../../../config/addresses.js';

/** For everything: to connect, to send, and to be answered. */
const LIMIT_MS = 10_000;
/** Once the status is there, the rest of the answer is of no weight. */
const BODY_MS = 2_000;
/** What is read of an answer. */
const MOST_BYTES = 4 * 1024;

export interface WebhookAnswer {
  status: number;
  /** The beginning of the body. */
  text: string;
}

/** Posts to addresses of shops, and believes none of them. */
@Injectable()
export class WebhookClient implements OnApplicationShutdown {
  private readonly agents: Record<string, http.Agent>;

  constructor({ notifications: { webhooks } }: Config) {
    const options = { keepAlive: true, maxFreeSockets: 2, lookup: lookupFor(webhooks.allowPrivate) };
    this.agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
  }

  /** Redirects are not followed. @throws when there is no answer in time, in words for operators without secrets */
  async post(address: string, headers: Record<string, string>, body: string): Promise<WebhookAnswer> {
    try {
      return await this.once(address, headers, body);
    } catch (error) {
      // The target may have closed the idle connection just then.
      if (!(error instanceof ClosedMeanwhile)) throw error;
      return this.once(address, headers, body);
    }
  }

  onApplicationShutdown(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private once(address: string, headers: Record<string, string>, body: string): Promise<WebhookAnswer> {
    const url = new URL(address);
    const { request } = url.protocol === 'https:' ? https : http;
    return new Promise((answered, failed) => {
      const sent = request(url, {
        method: 'POST',
        agent: this.agents[url.protocol],
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      });
      const limit = setTimeout(
        () => sent.destroy(new Error(`No answer within ${LIMIT_MS / 1000} s`)),
        LIMIT_MS,
      );
      let isAnswered = false;
      sent.on('error', (error: NodeJS.ErrnoException) => {
        if (isAnswered) return; // before it had read everything
        clearTimeout(limit);
        const isStale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        failed(isStale ? new ClosedMeanwhile(error.message) : error);
      });
      sent.on('response', (response) => {
        isAnswered = true;
        clearTimeout(limit);
        void beginningOf(response).then((text) => answered({ status: response.statusCode!, text }));
      });
      sent.end(body);
    });
  }
}

class ClosedMeanwhile extends Error {}

/** The first bytes of an answer, as far as they come in time. An answer that ends leaves its connection to be used again. */
function beginningOf(response: http.IncomingMessage): Promise<string> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = () => {
      clearTimeout(limit);
      if (!response.complete) response.destroy();
      done(Buffer.concat(chunks).subarray(0, MOST_BYTES).toString());
    };
    const limit = setTimeout(end, BODY_MS);
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) end();
    });
    response.on('end', end);
    response.on('error', end);
    response.on('close', end);
  });
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
