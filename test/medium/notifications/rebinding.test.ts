import type { LookupAddress } from 'node:dns';
import http from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { guardedLookup } from '../../../src/features/notifications/webhooks/guarded-lookup.js';
import { post } from '../../../src/shared/http/post.js';
import { WebhookTarget } from '../../support/webhook-target.js';

const v4 = (address: string): LookupAddress => ({ address, family: 4 });

/** What whoever has the name answers, one question after the other; the last answer stays. */
function resolver(...answers: LookupAddress[][]) {
  let asked = 0;
  const resolve: Parameters<typeof guardedLookup>[1] = (_, __, done) => {
    done(null, answers[Math.min(asked++, answers.length - 1)]!);
  };
  return { resolve, asked: () => asked };
}

let target: WebhookTarget;
let agent: http.Agent | undefined;
beforeEach(async () => {
  target = await WebhookTarget.start((response) => response.setHeader('connection', 'close').end('fine'));
});
afterEach(async () => {
  agent?.destroy();
  await target.close();
});

/** Sends to the target's port at a name; no address of a test may be public, so the name is one that may lead to this machine. */
function send(lookup: ReturnType<typeof guardedLookup>) {
  agent = new http.Agent({ keepAlive: true, lookup });
  const url = new URL(`http://shop.localhost:${target.port}/hook`);
  return async () => (await post(url, '[]', { agent: agent!, headers: {} })).text;
}

const PRIVATE = 'Its name leads to a private address';

it('connects to the address that was looked at, and looks once for each connection', async () => {
  // Whoever looked a second time to connect would be led elsewhere.
  const dns = resolver([v4('127.0.0.1')], [v4('10.255.255.1')]);
  const once = send(guardedLookup(false, dns.resolve));
  expect(await once()).toBe('fine');
  expect(dns.asked()).toBe(1);
  // The next connection is looked at anew.
  await expect(once()).rejects.toThrow(PRIVATE);
  expect(dns.asked()).toBe(2);
  expect(target.received).toHaveLength(1);
});

it('tries no private address beside a public one', async () => {
  const dns = resolver([v4('10.255.255.1'), v4('127.0.0.1'), v4('169.254.169.254')]);
  expect(await send(guardedLookup(false, dns.resolve))()).toBe('fine');
});

it.each([
  ['public', 'rebound.example', [v4('8.8.8.8')], ['8.8.8.8']],
  ['both', 'rebound.example', [v4('127.0.0.1'), v4('8.8.8.8'), v4('10.0.0.1')], ['8.8.8.8']],
  ['private', 'rebound.example', [v4('127.0.0.1'), v4('169.254.169.254')], PRIVATE],
  ['private in IPv6', 'rebound.example', [{ address: '::ffff:10.0.0.1', family: 6 }], PRIVATE],
  ['of this machine', 'localhost', [{ address: '::1', family: 6 }], ['::1']],
  ['private though it is called localhost', 'localhost', [v4('10.0.0.1')], PRIVATE],
])('leaves of addresses that are %s the public ones', async (_, name, found, expected) => {
  const { resolve } = resolver(found);
  const reached = new Promise<string[]>((done, failed) =>
    guardedLookup(false, resolve)(name, { all: true }, (error, addresses) =>
      error ? failed(error) : done((addresses as LookupAddress[]).map(({ address }) => address)),
    ),
  );
  if (typeof expected === 'string') await expect(reached).rejects.toThrow(expected);
  else expect(await reached).toEqual(expected);
});
