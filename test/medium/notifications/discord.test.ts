import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery, Outcome } from '../../../src/features/notifications/channel.js';
import { DiscordChannel } from '../../../src/features/notifications/discord/discord-channel.js';
import { AdminsService } from '../../../src/features/admins/index.js';
import { FakeApi, type FakeAnswer } from '../../fakes/fake-api.js';
import { startApp, type TestApp, testConfig } from '../../support/app.js';
import { TELLS_NOBODY } from '../../support/tells-nobody.js';
import { testDelivery } from '../../support/deliveries.js';

let app: TestApp;
let discord: FakeApi;
let channel: DiscordChannel;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  discord = await FakeApi.start();
  channel = channelTo(discord.url);
});
afterEach(async () => {
  channel.onApplicationShutdown();
  await discord.close();
});

/** What the settings say, and admins as they are in the database. */
function channelTo(apiUrl: string): DiscordChannel {
  const address = 'https://discord.com/api/webhooks/1/secret?wait=true';
  const config = testConfig({ notifications: { ...TELLS_NOBODY, discord: { address, apiUrl } } });
  return new DiscordChannel(config, app.app.get(AdminsService, { strict: false }));
}

const TEST = testDelivery({ action: 'test', user: null });
const EMBED = { title: ':bell: Test', description: '**Reports reach this channel.**', color: 65_535 };
const signal = new AbortController().signal;
const send = (target = 'discord', batch: readonly Delivery[] = [TEST]) => channel.send(target, batch, signal);
const times = <T>(count: number, value: T) => new Array<T>(count).fill(value);

describe('a report to Discord', () => {
  it('is one request to the webhook', async () => {
    discord.answer = () => ({ status: 204 });
    expect(await send()).toEqual({ result: 'delivered', status: 204, answer: null, count: 1 });
    expect(discord.received).toEqual([
      {
        method: 'POST',
        path: '/api/webhooks/1/secret?wait=true',
        contentType: 'application/json',
        body: { content: '', embeds: [EMBED] },
      },
    ]);
  });

  it('has up to ten notices, in their order', async () => {
    discord.answer = () => ({ status: 204 });
    expect(channel.most).toBe(10);
    const batch = Array.from({ length: 10 }, (_, i) =>
      testDelivery({ action: 'user_limited', user: null, username: `u${i}` }),
    );
    expect(await send('discord', batch)).toMatchObject({ result: 'delivered', count: 10 });
    const { embeds } = discord.received[0]!.body as { embeds: { description: string }[] };
    expect(embeds.map(({ description }) => description.slice(-2))).toEqual(
      batch.map(({ username }) => username),
    );
  });

  it('has no more notices than Discord takes characters of', async () => {
    discord.answer = () => ({ status: 204 });
    const told = testDelivery({ action: 'user_deleted', user: null, username: 'x'.repeat(700) });
    const outcome = await send('discord', times(10, told));
    const { embeds } = discord.received[0]!.body as {
      embeds: { title: string; description: string; footer: { text: string } }[];
    };
    const [size] = embeds.map(
      ({ title, description, footer }) => `${title}${description}${footer.text}`.length,
    );
    expect([embeds.length, outcome.count]).toEqual([7, 7]);
    expect([7 * size! <= 6000, 8 * size! > 6000]).toEqual([true, true]);
  });

  it.each<[string, FakeAnswer, Outcome]>([
    [
      'is dead when the webhook is gone',
      { status: 404, body: { message: 'Unknown Webhook', code: 10_015 } },
      { result: 'dead', status: 404, answer: 'Unknown Webhook', count: 1 },
    ],
    [
      'waits as long as Discord wants',
      { status: 429, body: { message: 'You are being rate limited.', retry_after: 0.35, global: false } },
      { result: 'later', seconds: 0.35, status: 429, answer: 'You are being rate limited.', count: 1 },
    ],
    [
      'waits as long as what is before Discord wants',
      { status: 429, body: 'error 1015', headers: { 'retry-after': '12' } },
      { result: 'later', seconds: 12, status: 429, answer: 'error 1015', count: 1 },
    ],
    [
      'waits for a while when nobody says for how long',
      { status: 429, body: 'null' },
      { result: 'later', seconds: 30, status: 429, answer: 'null', count: 1 },
    ],
    [
      'is tried again when Discord has trouble, and hides the address it repeats',
      { status: 503, body: 'no /api/webhooks/1/secret' },
      { result: 'failed', status: 503, answer: 'no [hidden]', count: 1 },
    ],
    [
      'follows no redirect',
      { status: 301, headers: { location: 'http://127.0.0.1:1/' } },
      { result: 'failed', status: 301, answer: '', count: 1 },
    ],
  ])('%s', async (_, answer, expected) => {
    discord.answer = () => answer;
    expect(await send()).toEqual(expected);
    expect(discord.received).toHaveLength(1);
  });

  it('goes alone when Discord does not like what it is sent with', async () => {
    discord.answer = ({ body }) =>
      (body as { embeds: object[] }).embeds.length > 1
        ? { status: 400, body: { message: 'Invalid Form Body' } }
        : { status: 204 };
    expect(await send('discord', times(3, TEST))).toEqual({
      result: 'delivered',
      status: 204,
      answer: null,
      count: 1,
    });
    discord.answer = () => ({ status: 400, body: { message: 'Invalid Form Body' } });
    expect(await send('discord', times(3, TEST))).toMatchObject({ result: 'dead', count: 1 });
  });

  it('is dead when there is nothing to say, and does not hold back what is before it', async () => {
    const reminder = testDelivery({ action: 'reached_days_left' });
    expect(await send('discord', [TEST, reminder, TEST])).toMatchObject({ result: 'delivered', count: 1 });
    expect(await send('discord', [reminder, TEST])).toMatchObject({ result: 'dead', count: 1 });
    expect(discord.received).toHaveLength(1);
  });

  it('is not begun when another process is to send', async () => {
    const outcome = await channel.send('discord', [TEST], AbortSignal.abort());
    expect(outcome).toMatchObject({ result: 'later', seconds: 0 });
    expect(discord.received).toEqual([]);
  });

  it('fails when nobody is there', async () => {
    channel.onApplicationShutdown();
    channel = channelTo('http://127.0.0.1:1');
    expect(await send()).toMatchObject({
      result: 'failed',
      status: null,
      answer: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('fails when nobody answers within ten seconds', { timeout: 30_000 }, async () => {
    discord.answer = () => undefined;
    expect(await send()).toMatchObject({ result: 'failed', status: null, answer: 'No answer within 10 s' });
  });
});

describe('a report to the owner of a user', () => {
  it('goes to the webhook the owner has when it is sent', async () => {
    const body = { username: 'shop', password: 'x', is_sudo: false };
    await app.sudo.post('/api/admin', { ...body, discord_webhook: 'https://discord.com/api/webhooks/2/old' });
    const admins = await app.app.get(AdminsService, { strict: false }).list({ username: 'shop' });
    const target = `discord:${admins[0]!.id}`;
    expect(await channel.addressOf(target)).toBe('https://discord.com/api/webhooks/');
    expect((await send(target)).result).toBe('delivered');
    const moved = 'https://ptb.discord.com/api/webhooks/2/new';
    await app.sudo.put('/api/admin/shop', { is_sudo: false, discord_webhook: moved });
    expect((await send(target)).result).toBe('delivered');
    expect(discord.received.map(({ path }) => path)).toEqual(['/api/webhooks/2/old', '/api/webhooks/2/new']);

    await app.sudo.put('/api/admin/shop', { is_sudo: false, discord_webhook: '' });
    expect(await channel.addressOf(target)).toBeUndefined();
    expect(await send(target)).toMatchObject({ result: 'dead', answer: 'There is no webhook any more' });
    await app.sudo.delete('/api/admin/shop');
    expect(await send(target)).toMatchObject({ result: 'dead' });
    expect(discord.received).toHaveLength(2);
  });
});
