import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type NoticeAction, NOTICE_ACTIONS } from '../../../src/shared/activity/activity.js';
import type { UserStatus } from '../../../src/features/users/domain/user.js';
import { TELLS_NOBODY } from '../../support/tells-nobody.js';
import { eventually } from '../../support/eventually.js';
import { note, ROOT, tellsShops } from '../../support/notices.js';
import { recordedExchanges } from '../../support/recorded-exchanges.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';
import { type Received, WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 60_000 });

const SECRET = 'what both sides know';
const PAGE = fileURLToPath(new URL('../../../docs/notifications.md', import.meta.url));
const HAPPENED = new Date('2026-11-23T15:08:35.250Z');
const EVENTS = NOTICE_ACTIONS.filter((action) => action !== 'login');
const EXTRA: Partial<Record<NoticeAction, object>> = {
  reached_usage_percent: { used_percent: 80.5 },
  reached_days_left: { days_left: 3 },
};
const STATUS: Partial<Record<NoticeAction, UserStatus>> = {
  user_limited: 'limited',
  user_expired: 'expired',
  user_disabled: 'disabled',
};
const USER = {
  id: 17,
  username: 'alice',
  proxies: { vless: { id: '5f3c6f1e-0d4b-4b53-9a53-0c8a1d5b7e11', flow: '' as const } },
  dataLimit: 10_737_418_240n,
  usedTraffic: 1_073_741_824n,
  expireAt: new Date('2026-12-24T00:00:00Z'),
  note: 'order 4711',
  owner: {
    ...ROOT,
    usersUsage: 5_368_709_120n,
    discordWebhook: 'https://discord.com/api/webhooks/1/secret',
  },
};

let shop: WebhookTarget;
let fleet: Fleet;
let received: Received;

beforeAll(async () => {
  shop = await WebhookTarget.start();
  const { address } = shop;
  fleet = await startFleet(
    tellsShops([address], { webhooks: { ...TELLS_NOBODY.webhooks, addresses: [address], secret: SECRET } }),
  );
  await note(
    fleet,
    EVENTS.map((action) => ({
      action,
      user: { ...USER, status: STATUS[action] ?? 'active' },
      by: action === 'user_enabled' ? null : ROOT,
      extra: EXTRA[action],
    })),
    HAPPENED,
  );
  received = await eventually(() => shop.received[0], 30_000);
});
afterAll(async () => {
  await fleet?.close();
  await shop?.close();
});

describe('a webhook', () => {
  it('holds all members in their order', () => {
    const common = ['enqueued_at', 'send_at', 'tries', 'username', 'action'];
    const members = Object.fromEntries(
      received.events.map((event) => [
        event.action,
        Object.keys(event).filter((name) => !common.includes(name)),
      ]),
    );
    expect(members).toEqual({
      user_created: ['by', 'user'],
      user_updated: ['by', 'user'],
      user_deleted: ['by'],
      user_limited: ['user'],
      user_expired: ['user'],
      user_enabled: ['by', 'user'],
      user_disabled: ['by', 'user', 'reason'],
      data_usage_reset: ['by', 'user'],
      data_reset_by_next: ['user'],
      subscription_revoked: ['by', 'user'],
      reached_usage_percent: ['user', 'used_percent'],
      reached_days_left: ['user', 'days_left'],
    });
    for (const event of received.events) expect(Object.keys(event).slice(0, 5)).toEqual(common);
  });

  it('has users and admins as the recorded API has them', () => {
    const { answer } = recordedExchanges('users').find(
      ({ send, status }) => send === 'POST /api/user' && status === 200,
    )!;
    const [{ user, by }] = received.events;
    expect(Object.keys(user)).toEqual(Object.keys(answer as object));
    expect(Object.keys(user.admin)).toEqual(Object.keys((answer as { admin: object }).admin));
    expect(by).toEqual({
      username: 'root',
      is_sudo: true,
      telegram_id: null,
      discord_webhook: null,
      users_usage: 0,
    });
    expect(user.links).toHaveLength(2);
    expect(user.links[0]).toMatch(/^vless:\/\/5f3c6f1e-/);
    expect(user.admin.discord_webhook).toBeNull();
  });

  it('has times as numbers with a fraction, and byte counts digit for digit', async () => {
    expect(received.body).toMatch(
      /^\[\{"enqueued_at":1795446515\.25,"send_at":1795446515\.25,"tries":0,"username":"alice",/,
    );
    await note(
      fleet,
      [{ action: 'user_updated', user: { usedTraffic: 2n ** 53n + 1n } }],
      new Date('2026-11-23T15:08:36.000Z'),
    );
    const next = await eventually(() => shop.received[1]);
    expect(next.body).toMatch(/^\[\{"enqueued_at":1795446516\.0,"send_at":1795446516\.0,"tries":0,/);
    expect(next.body).toContain('"used_traffic":9007199254740993,');
  });

  it('says the ids of its events', () => {
    const ids = String(received.headers['x-margrave-ids']).split(',');
    expect(new Set(ids).size).toBe(EVENTS.length);
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(received.headers['x-webhook-secret']).toBe(SECRET);
    expect(received.headers['content-type']).toBe('application/json');
  });
});

/** The page up to the events, and each of them as it was sent. */
function pageWithEvents(): string {
  const [words] = readFileSync(PAGE, 'utf8').split(/^### `/m);
  const events = received.events.map(
    (event) => `### \`${event.action}\`\n\n\`\`\`json\n${example(event)}\n\`\`\`\n`,
  );
  return `${words}${events.join('\n')}`;
}

/** As it was sent, in lines; the user at length once. Tokens are different in each installation. */
function example(event: Record<string, unknown>): string {
  const members = Object.entries(event).map(([name, value]) => {
    const isLong = name === 'user' && event.action === 'user_created';
    return `    "${name}": ${JSON.stringify(value, undefined, isLong ? 2 : 0).replaceAll('\n', '\n    ')}`;
  });
  return `[\n  {\n${members.join(',\n')}\n  }\n]`.replace(/\/sub\/[\w-]+/g, '/sub/YWxpY2UsMTc5NTQ0NjUxNQ');
}

describe('the page about notifications', () => {
  it('shows every event as it is sent (`vitest --update` writes it)', async () => {
    await expect(pageWithEvents()).toMatchFileSnapshot(PAGE);
  });

  const snippet = (language: string) =>
    new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readFileSync(PAGE, 'utf8'))![1]!;
  /** The headers, body and secret of which the answer is yes, and others. */
  const claims = () => {
    const { headers, body } = received;
    const now = Number(headers['x-margrave-timestamp']);
    const forged = { ...headers, 'x-margrave-signature': `v1=${'0'.repeat(64)}` };
    return [
      [headers, body, SECRET, now],
      [headers, body.replace('alice', 'mallory'), SECRET, now],
      [headers, body, 'another secret', now],
      [headers, body, SECRET, now + 3600],
      [forged, body, SECRET, now],
      [{}, body, SECRET, now],
    ] as const;
  };
  const ANSWERS = [true, false, false, false, false, false];
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'margrave-snippets-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('tells in JavaScript whether it is from here', async () => {
    const file = join(folder, 'verify.mjs');
    writeFileSync(file, snippet('js'));
    const { isFromMargrave } = await import(pathToFileURL(file).href);
    expect(claims().map((claim) => isFromMargrave(...claim))).toEqual(ANSWERS);
    const [[headers, body, secret, now]] = claims();
    expect(isFromMargrave(headers, Buffer.from(body), secret, now)).toBe(true);
  });

  it('tells in Python whether it is from here', () => {
    const ask = `
import json, sys
print(json.dumps([is_from_margrave(h, b.encode(), s, n) for h, b, s, n in json.load(sys.stdin)]))`;
    const answers = execFileSync('python3', ['-c', snippet('python') + ask], {
      input: JSON.stringify(claims()),
    });
    expect(JSON.parse(answers.toString())).toEqual(ANSWERS);
  });
});
