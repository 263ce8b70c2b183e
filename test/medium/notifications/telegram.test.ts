import { Logger } from '@nestjs/common';
import type https from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel, Outcome } from '../../../src/features/notifications/channel.js';
import { TelegramChannel } from '../../../src/features/notifications/telegram/telegram-channel.js';
import { telegramText } from '../../../src/features/notifications/telegram/telegram-text.js';
import { agentThrough } from '../../../src/features/notifications/telegram/tunnel.js';
import { post as postTo } from '../../../src/shared/http/post.js';
import { FakeApi, type FakeAnswer } from '../../fakes/fake-api.js';
import { FakeProxy } from '../../fakes/fake-proxy.js';
import { testConfig } from '../../support/app.js';
import { TELLS_NOBODY } from '../../support/tells-nobody.js';
import { createAuthority } from '../../support/certificates.js';
import { testDelivery } from '../../support/deliveries.js';
import { eventually } from '../../support/eventually.js';

const TOKEN = '123:secret-token';
const TEST = testDelivery({ action: 'test', user: null });
const TEXT = '🔔 <b>#Test</b>\n➖➖➖➖➖➖➖➖➖\n<b>Reports reach this chat.</b>';
/** A name that proxies know, and nobody else. */
const HIDDEN = 'api.telegram.test';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function until<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  ends.push(() => started.close());
  return started;
}

const fakeTelegram = () => until(FakeApi.start());

/** A bot; time stands still unless the test moves it. */
function bot(apiUrl: string, proxyUrl?: string, now = { ms: 0 }): TelegramChannel {
  const telegram = { token: TOKEN, chats: ['5'], proxyUrl, apiUrl };
  const channel = new TelegramChannel(
    testConfig({ notifications: { ...TELLS_NOBODY, telegram } }),
    () => now.ms,
  );
  ends.push(() => channel.onApplicationShutdown());
  return channel;
}

const signal = new AbortController().signal;
const send = (channel: Channel, chat = '5', delivery = TEST): Promise<Outcome> =>
  channel.send(`telegram:${chat}`, [delivery], signal);

describe('a report to a chat', () => {
  it('is one request of the Bot API', async () => {
    const telegram = await fakeTelegram();
    expect(await send(bot(telegram.url))).toEqual({
      result: 'delivered',
      status: 200,
      answer: null,
      count: 1,
    });
    expect(telegram.received).toEqual([
      {
        method: 'POST',
        path: `/bot${TOKEN}/sendMessage`,
        contentType: 'application/json',
        body: { chat_id: '5', text: TEXT, parse_mode: 'HTML' },
      },
    ]);
  });

  it.each<[string, FakeAnswer, Outcome]>([
    [
      'is dead in a chat that is none',
      { status: 400, body: { ok: false, description: 'Bad Request: chat not found' } },
      { result: 'dead', status: 400, answer: 'Bad Request: chat not found' },
    ],
    [
      'is dead for whoever blocked the bot',
      { status: 403, body: { ok: false, description: 'Forbidden: bot was blocked by the user' } },
      { result: 'dead', status: 403, answer: 'Forbidden: bot was blocked by the user' },
    ],
    [
      'says which id a group has now',
      {
        status: 400,
        body: { ok: false, description: 'upgraded', parameters: { migrate_to_chat_id: -1009 } },
      },
      { result: 'dead', status: 400, answer: 'upgraded (its id is -1009 now)' },
    ],
    [
      'is tried again when Telegram has trouble',
      { status: 502, body: 'Bad Gateway' },
      { result: 'failed', status: 502, answer: 'Bad Gateway' },
    ],
    [
      'is tried again when something else answers',
      { status: 200, body: '<html>' },
      { result: 'failed', status: 200, answer: '<html>' },
    ],
    [
      'follows no redirect',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { result: 'failed', status: 302, answer: '' },
    ],
    [
      'waits as long as Telegram wants',
      { status: 429, body: { ok: false, description: 'Too Many Requests', parameters: { retry_after: 17 } } },
      { result: 'later', seconds: 17, status: 429, answer: 'Too Many Requests' },
    ],
    [
      'waits for an hour at most',
      { status: 429, body: { parameters: { retry_after: 1e9 } } },
      { result: 'later', seconds: 3600, status: 429, answer: '{"parameters":{"retry_after":1000000000}}' },
    ],
    [
      'waits for a while when nobody says for how long',
      { status: 429, body: 'x' },
      { result: 'later', seconds: 30, status: 429, answer: 'x' },
    ],
    [
      'hides the token that an answer repeats',
      { status: 500, body: `no /bot${TOKEN}/` },
      { result: 'failed', status: 500, answer: 'no /bot[hidden]/' },
    ],
  ])('%s', async (_, answer, expected) => {
    const telegram = await fakeTelegram();
    telegram.answer = () => answer;
    expect(await send(bot(telegram.url))).toEqual({ ...expected, count: 1 });
    expect(telegram.received).toHaveLength(1);
  });

  it('waits its turn in its chat', async () => {
    const telegram = await fakeTelegram();
    const now = { ms: 0 };
    const channel = bot(telegram.url, undefined, now);
    expect((await send(channel)).result).toBe('delivered');
    expect(await send(channel)).toMatchObject({ result: 'later', seconds: 1 });
    expect((await send(channel, '6')).result).toBe('delivered');
    now.ms = 1_000;
    expect((await send(channel)).result).toBe('delivered');
    expect(telegram.received.map(({ body }) => (body as { chat_id: string }).chat_id)).toEqual([
      '5',
      '6',
      '5',
    ]);
    expect(telegram.connections).toBe(1);
  });

  it('leaves alone the chat that Telegram said, and no other', async () => {
    const telegram = await fakeTelegram();
    const now = { ms: 0 };
    const channel = bot(telegram.url, undefined, now);
    telegram.answer = () => ({ status: 429, body: { parameters: { retry_after: 60 } } });
    await send(channel);
    telegram.answer = () => ({ status: 200, body: { ok: true } });
    now.ms = 59_000;
    expect(await send(channel)).toMatchObject({ result: 'later', seconds: 1 });
    expect((await send(channel, '6')).result).toBe('delivered');
    now.ms = 60_000;
    expect((await send(channel)).result).toBe('delivered');
  });

  describe('when several wait', () => {
    const limited = (username: string) => testDelivery({ action: 'user_limited', username, user: null });
    const textOf = (username: string) => telegramText(limited(username))!;
    const many = Array.from({ length: 60 }, (_, n) => limited(`user${n}`));
    const textsOf = (telegram: FakeApi) =>
      telegram.received.map(({ body }) => (body as { text: string }).text);

    it('is in one message with those after it, as many as it holds, an empty line between', async () => {
      const telegram = await fakeTelegram();
      const now = { ms: 0 };
      const channel = bot(telegram.url, undefined, now);
      for (let sent = 0; sent < many.length; now.ms += 1_000) {
        const outcome = await channel.send('telegram:5', many.slice(sent), signal);
        expect(outcome).toMatchObject({ result: 'delivered', count: expect.any(Number) });
        sent += outcome.count!;
      }
      const texts = textsOf(telegram);
      expect(texts.join('\n\n')).toBe(many.map(({ username }) => textOf(username!)).join('\n\n'));
      expect(texts.every((text) => text.length <= 4096)).toBe(true);
      // None of them had room for one more.
      expect(texts.slice(0, -1).every((text) => text.length + textOf('user99').length + 2 > 4096)).toBe(true);
    });

    it('goes alone when Telegram does not like what it is sent with', async () => {
      const telegram = await fakeTelegram();
      telegram.answer = ({ body }) =>
        (body as { text: string }).text.includes('\n\n')
          ? { status: 400, body: { ok: false, description: "Bad Request: can't parse entities" } }
          : { status: 200, body: { ok: true } };
      expect(await bot(telegram.url).send('telegram:5', many, signal)).toMatchObject({
        result: 'delivered',
        count: 1,
      });
      expect(textsOf(telegram)[1]).toBe(textOf('user0'));
    });

    it('does not wait for one without a text', async () => {
      const telegram = await fakeTelegram();
      const reminder = testDelivery({ action: 'reached_days_left' });
      const channel = bot(telegram.url);
      expect(await channel.send('telegram:5', [TEST, reminder, TEST], signal)).toMatchObject({
        result: 'delivered',
        count: 1,
      });
      expect(await channel.send('telegram:5', [reminder, TEST], signal)).toMatchObject({
        result: 'dead',
        count: 1,
      });
      expect(textsOf(telegram)).toEqual([TEXT]);
    });
  });

  it('is not begun when another process is to send', async () => {
    const telegram = await fakeTelegram();
    const outcome = await bot(telegram.url).send('telegram:5', [TEST], AbortSignal.abort());
    expect(outcome).toMatchObject({ result: 'later', seconds: 0 });
    expect(telegram.received).toEqual([]);
  });

  it('is dead when there is nothing to say', async () => {
    const reminder = testDelivery({ action: 'reached_days_left' });
    expect(await send(bot('http://127.0.0.1:1'), '5', reminder)).toMatchObject({ result: 'dead' });
  });

  it('is read no further than it matters', async () => {
    const telegram = await fakeTelegram();
    telegram.answer = () => ({ status: 500, body: 'x'.repeat(50_000_000) });
    expect((await send(bot(telegram.url))).answer).toHaveLength(16 * 1024);
  });
});

describe('a token that is refused', () => {
  const errors: string[] = [];
  afterEach(() => Logger.overrideLogger(['warn', 'error', 'fatal']));

  it('is reported once, without the token, until it is taken again', async () => {
    Logger.overrideLogger({ log: () => {}, warn: () => {}, error: (text: string) => errors.push(text) });
    const telegram = await fakeTelegram();
    const now = { ms: 0 };
    const channel = bot(telegram.url, undefined, now);
    const refuse = { status: 401, body: { ok: false, description: `Unauthorized ${TOKEN}` } };
    for (const [answer, reports] of [
      [refuse, 1],
      [{ status: 404, body: { ok: false, description: 'Not Found' } }, 1],
      [{ status: 502 }, 1],
      [refuse, 1],
      [{ status: 200, body: { ok: true } }, 1],
      [refuse, 2],
    ] as const) {
      telegram.answer = () => answer;
      now.ms += 1_000;
      const { result } = await send(channel);
      expect([result, errors.length]).toEqual([answer.status === 200 ? 'delivered' : 'failed', reports]);
    }
    expect(errors[0]).toBe(
      'Telegram refuses TELEGRAM_API_TOKEN (401 Unauthorized [hidden]): its chats are told nothing until it is another',
    );
  });
});

describe('a report through a proxy', () => {
  it.each<[string, () => Promise<FakeProxy>, object]>([
    [
      'socks5://u%40x:p%3Aw@',
      () => FakeProxy.socks('u@x:p:w'),
      { protocol: 'socks5', host: HIDDEN, credentials: 'u@x:p:w' },
    ],
    ['socks5h://', () => FakeProxy.socks(), { protocol: 'socks5', host: HIDDEN }],
    ['socks4a://', () => FakeProxy.socks(), { protocol: 'socks4a', host: HIDDEN }],
    ['socks4://me@', () => FakeProxy.socks(), { protocol: 'socks4', host: '127.0.0.1', credentials: 'me' }],
    ['http://', () => FakeProxy.http(), { protocol: 'http', host: HIDDEN }],
    [
      'http://u:p%20w@',
      () => FakeProxy.http('u:p w'),
      { protocol: 'http', host: HIDDEN, credentials: 'u:p w' },
    ],
  ])('%s gets there, by one connection for all', async (scheme, start, expected) => {
    const telegram = await fakeTelegram();
    const proxy = await until(start());
    // SOCKS4 knows no names.
    const host = scheme.startsWith('socks4:') ? 'localhost' : HIDDEN;
    const channel = bot(`http://${host}:${telegram.port}`, `${scheme}127.0.0.1:${proxy.port}`);
    for (const chat of ['5', '6']) {
      expect(await send(channel, chat)).toEqual({ result: 'delivered', status: 200, answer: null, count: 1 });
    }
    expect(proxy.led).toEqual([{ credentials: undefined, port: telegram.port, ...expected }]);
  });

  it('speaks TLS with a proxy that wants it, and believes no other', async () => {
    const authority = await createAuthority();
    const telegram = await fakeTelegram();
    const proxy = await until(FakeProxy.https(await authority.issue('localhost'), 'u:p'));
    const agent = agentThrough(`https://u:p@localhost:${proxy.port}`, 'http:');
    ends.push(() => agent.destroy());
    const post = () => postTo(new URL(`http://${HIDDEN}:${telegram.port}/`), '{}', { agent, headers: {} });
    await expect(post()).rejects.toThrow('Proxy: unable to verify');
    expect(proxy.led).toEqual([]);
    (agent as https.Agent).options.ca = authority.certificate;
    expect(await post()).toMatchObject({ status: 200 });
    expect(proxy.led).toEqual([{ protocol: 'http', host: HIDDEN, port: telegram.port, credentials: 'u:p' }]);
  });

  it('speaks TLS with Telegram, not with the proxy', async () => {
    const authority = await createAuthority();
    const telegram = await until(FakeApi.start(await authority.issue(HIDDEN)));
    const proxies = [
      `socks5://127.0.0.1:${(await until(FakeProxy.socks())).port}`,
      `http://127.0.0.1:${(await until(FakeProxy.http())).port}`,
    ];
    for (const proxyUrl of proxies) {
      const agent = agentThrough(proxyUrl, 'https:') as https.Agent;
      ends.push(() => agent.destroy());
      const post = (host: string) =>
        postTo(new URL(`https://${host}:${telegram.port}/`), '{}', { agent, headers: {} });
      await expect(post(HIDDEN)).rejects.toThrow('unable to verify');
      agent.options.ca = authority.certificate;
      expect(await post(HIDDEN)).toMatchObject({ status: 200 });
      await expect(post('another.test')).rejects.toThrow('does not match certificate');
    }
  });

  it.each<[string, () => Promise<FakeProxy>, string]>([
    ['socks5://u:wrong@', () => FakeProxy.socks('u:p'), 'Proxy: Socks5 Authentication failed'],
    ['http://u:wrong@', () => FakeProxy.http('u:p'), 'Proxy: It answers 407'],
  ])('%s fails in the words of the proxy', async (scheme, start, answer) => {
    const proxy = await until(start());
    const channel = bot(`http://${HIDDEN}`, `${scheme}127.0.0.1:${proxy.port}`);
    expect(await send(channel)).toEqual({ result: 'failed', status: null, answer, count: 1 });
  });

  it('fails when no proxy is there', async () => {
    const outcome = await send(bot(`http://${HIDDEN}`, 'socks5://127.0.0.1:1'));
    expect(outcome).toMatchObject({ result: 'failed', answer: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a report that nobody answers', () => {
  it('fails within ten seconds, and leaves no connection behind', { timeout: 30_000 }, async () => {
    const telegram = await fakeTelegram();
    telegram.answer = () => undefined;
    const proxies = [await until(FakeProxy.silent()), await until(FakeProxy.silent())] as const;
    const channels = [
      bot(telegram.url),
      bot(telegram.url, `http://127.0.0.1:${proxies[0].port}`),
      bot(telegram.url, `socks5://127.0.0.1:${proxies[1].port}`),
    ];
    const outcomes = await Promise.all(channels.map((channel) => send(channel)));
    expect(outcomes).toEqual([
      { result: 'failed', status: null, answer: 'No answer within 10 s', count: 1 },
      { result: 'failed', status: null, answer: 'Proxy: No answer within 9 s', count: 1 },
      { result: 'failed', status: null, answer: 'Proxy: Proxy connection timed out', count: 1 },
    ]);
    await eventually(() => proxies.every(({ open }) => open === 0));
  });
});
