import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { FakeApi } from '../../fakes/fake-api.js';
import { FakeProxy } from '../../fakes/fake-proxy.js';
import { TELLS_NOBODY } from '../../support/tells-nobody.js';
import { eventually } from '../../support/eventually.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';

vi.setConfig({ testTimeout: 60_000 });

const TOKEN = '123:secret-token';
const RULE = '➖➖➖➖➖➖➖➖➖';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

async function until<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.push(started);
  return started;
}

type Notifications = Config['notifications'];

/** A service whose bot has no chat of the settings, unless it is said; logins are no news. */
function service(
  telegram: Partial<Notifications['telegram']>,
  discord: Partial<Notifications['discord']>,
  more: Partial<Notifications> = {},
): Promise<Fleet> {
  return until(
    startFleet({
      notifications: {
        ...TELLS_NOBODY,
        wanted: { ...TELLS_NOBODY.wanted, login: false },
        telegram: { ...TELLS_NOBODY.telegram, token: TOKEN, ...telegram },
        discord: { ...TELLS_NOBODY.discord, ...discord },
        ...more,
      },
    }),
  );
}

const messages = ({ received }: FakeApi) =>
  received.map(({ body }) => body as { chat_id: string; text: string });

const deliveries = async (fleet: Fleet, state: string) =>
  (await fleet.sql<{ target: string }>('SELECT target FROM notification_delivery WHERE state = $1', [state]))
    .map(({ target }) => target)
    .toSorted();

describe('the owner of users', () => {
  it('is told of them in order though nobody else is, through a proxy, and after a rest', async () => {
    const [telegram, discord] = [await until(FakeApi.start()), await until(FakeApi.start())];
    const proxy = await until(FakeProxy.socks('bot:pass'));
    const fleet = await service(
      {
        apiUrl: `http://api.telegram.test:${telegram.port}`,
        proxyUrl: `socks5://bot:pass@127.0.0.1:${proxy.port}`,
      },
      { apiUrl: discord.url },
    );
    await fleet.sudo.put('/api/admin/reseller', {
      is_sudo: false,
      telegram_id: 77,
      discord_webhook: 'https://discord.com/api/webhooks/2/own',
    });
    const rest = { status: 429, body: { ok: false, parameters: { retry_after: 1 } } };
    telegram.answer = () => (telegram.received.length === 1 ? rest : { status: 200, body: { ok: true } });

    await fleet.reseller.post('/api/user', {
      username: 'alice_1',
      proxies: { vless: {}, vmess: {} },
      data_limit: 1_610_612_736,
      expire: 1_900_000_000,
    });
    await fleet.reseller.put('/api/user/alice_1', { status: 'disabled' });
    await fleet.sudo.delete('/api/user/alice_1');

    await eventually(async () => (await deliveries(fleet, 'delivered')).length === 8, 45_000);
    const whole = (heading: string, protocols: string) =>
      [
        heading,
        RULE,
        '<b>Username :</b> <code>alice_1</code>',
        '<b>Traffic Limit :</b> <code>1.5 GB</code>',
        '<b>Expire Date :</b> <code>17:46:40 2030-03-17</code>',
        `<b>${protocols} :</b> <code>vless, vmess</code>`,
        '<b>Data Limit Reset Strategy :</b> <code>no_reset</code>',
        '<b>Has Next Plan :</b> <code>False</code>',
        RULE,
        '<b>Belongs To :</b> <code>reseller</code>',
        '<b>By :</b> <b>#reseller</b>',
      ].join('\n');
    const created = whole('🆕 <b>#Created</b>', 'Proxies');
    const texts = [
      created,
      whole('✏️ <b>#Modified</b>', 'Protocols'),
      [
        '❌ <b>#Disabled</b>',
        RULE,
        '<b>Username</b> : <code>alice_1</code>',
        '<b>Belongs To :</b> <code>reseller</code>',
      ].join('\n'),
      [
        '🗑 <b>#Deleted</b>',
        RULE,
        '<b>Username</b> : <code>alice_1</code>',
        RULE,
        '<b>Belongs To :</b> <code>reseller</code>',
        '<b>By</b> : <b>#root</b>',
      ].join('\n'),
    ];
    // How many waited when one was sent is chance; what comes first was not taken yet.
    const [refused, ...taken] = messages(telegram).map(({ text }) => text);
    expect(refused!.startsWith(created)).toBe(true);
    expect(taken.join('\n\n')).toBe(texts.join('\n\n'));
    expect(new Set(messages(telegram).map(({ chat_id }) => chat_id))).toEqual(new Set(['77']));
    expect(proxy.led[0]).toMatchObject({ host: 'api.telegram.test', credentials: 'bot:pass' });

    const embeds = discord.received.flatMap(({ body }) => (body as { embeds: object[] }).embeds);
    expect(embeds).toMatchObject([
      { title: ':new: Created' },
      { title: ':pencil2: Modified' },
      { description: expect.stringContaining(':x: Disabled') },
      { title: ':wastebasket: Deleted', description: '**Username: **alice\\_1' },
    ]);
    expect(new Set(discord.received.map(({ path }) => path))).toEqual(new Set(['/api/webhooks/2/own']));
  });
});

describe('a chat and a channel of the settings', () => {
  it('are told of all users, and how they took it is shown without secrets', async () => {
    const [telegram, discord] = [await until(FakeApi.start()), await until(FakeApi.start())];
    telegram.answer = () => ({
      status: 403,
      body: { ok: false, description: `Forbidden: bot was kicked (${TOKEN})` },
    });
    discord.answer = () => ({ status: 404, body: { message: 'Unknown Webhook' } });
    const fleet = await service(
      { chats: ['5'], apiUrl: telegram.url },
      { address: 'https://discord.com/api/webhooks/1/hook-secret', apiUrl: discord.url },
    );
    await fleet.sudo.post('/api/user', { username: 'bob', proxies: { vless: {} } });
    await eventually(async () => (await deliveries(fleet, 'dead')).length === 2, 30_000);
    const list = await fleet.sudo.get('/api/notifications');
    const shown = list.json.notifications as Record<string, unknown>[];
    expect(
      shown
        .map(({ target, state, last_status, last_answer }) => [target, state, last_status, last_answer])
        .toSorted(),
    ).toEqual([
      ['discord', 'dead', 404, 'Unknown Webhook'],
      ['telegram:5', 'dead', 403, 'Forbidden: bot was kicked ([hidden])'],
    ]);
    const targets = await fleet.sudo.get('/api/notifications/targets');
    for (const { text } of [list, targets]) {
      expect(text).not.toContain('secret-token');
      expect(text).not.toContain('hook-secret');
    }
  });

  it('can be tried', async () => {
    const [telegram, discord] = [await until(FakeApi.start()), await until(FakeApi.start())];
    const fleet = await service(
      { chats: ['5'], apiUrl: telegram.url },
      { address: 'https://discord.com/api/webhooks/1/x', apiUrl: discord.url },
    );
    for (const target of ['telegram:5', 'discord']) {
      const reply = await fleet.sudo.post('/api/notifications/test', { target });
      expect([reply.status, reply.json]).toEqual([200, expect.objectContaining({ status: 200 })]);
    }
    expect(messages(telegram)).toMatchObject([{ chat_id: '5', text: expect.stringContaining('#Test') }]);
    expect(discord.received[0]?.body).toMatchObject({ embeds: [{ title: ':bell: Test' }] });
  });
});
