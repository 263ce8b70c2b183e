import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SUDO } from '../support/app.js';
import { TELLS_NOBODY } from '../support/tells-nobody.js';
import { eventually } from '../support/eventually.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';
import { FakeApi } from '../fakes/fake-api.js';

const KNOWN = '192.0.2.200';

let telegram: FakeApi;
let fleet: Fleet;

beforeAll(async () => {
  telegram = await FakeApi.start();
  fleet = await startFleet({
    trustedProxies: ['loopback'],
    notifications: {
      ...TELLS_NOBODY,
      telegram: { token: '1:a', chats: ['5', '-6'], proxyUrl: undefined, apiUrl: telegram.url },
      knownLoginAddresses: [KNOWN],
    },
  });
});
beforeEach(() =>
  fleet.sql('TRUNCATE login_failures, known_logins, activity, notification, notification_delivery'),
);
afterAll(async () => {
  await fleet.close();
  await telegram.close();
});

async function attempt(username: string, password: string, address: string): Promise<number> {
  const reply = await fetch(`${fleet.url}/api/admin/token`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
    headers: { 'x-forwarded-for': address },
  });
  return reply.status;
}

const rows = async <R extends pg.QueryResultRow>(table: string) =>
  fleet.sql<R>(`SELECT * FROM ${table} ORDER BY at`);
const notices = async () =>
  (await rows<{ extra: object }>(`notification`)).map(({ extra }) => JSON.stringify(extra));
const noted = async () =>
  (await rows<{ actor_name: string | null; subject_name: string | null; after: object }>('activity')).map(
    ({ actor_name, subject_name, after }) => [actor_name, subject_name, after],
  );

describe('a login', () => {
  it('is told to every chat of the settings, without its password', async () => {
    expect(await attempt('root', SUDO.password, '::ffff:192.0.2.1')).toBe(200);
    expect(await notices()).toEqual(['{"username":"root","address":"192.0.2.1","isRight":true}']);
    const text = [
      '🔐 <b>#Login</b>',
      '➖➖➖➖➖➖➖➖➖',
      '<b>Username</b> : <code>root</code>',
      '<b>Password</b> : <code>🔒</code>',
      '<b>Client ip </b>: <code>192.0.2.1</code>',
      '➖➖➖➖➖➖➖➖➖',
      '<b>login status </b>: <code>✅ Success</code>',
    ].join('\n');
    const told = await eventually(() => {
      const bodies = telegram.received.map(({ body }) => body as { chat_id: string; text: string });
      const chats = bodies.filter((body) => body.text === text).map(({ chat_id }) => chat_id);
      return chats.length === 2 && chats;
    }, 30_000);
    expect(told.toSorted()).toEqual(['-6', '5']);
  }, 60_000);

  it('is told when it fails, by the name that was typed; the password is nowhere', async () => {
    expect(await attempt('my-typed-name', 'my-typed-password', '192.0.2.2')).toBe(401);
    expect(await attempt('root', 'my-typed-password', '192.0.2.2')).toBe(401);
    expect(await notices()).toEqual([
      '{"username":"my-typed-name","address":"192.0.2.2","isRight":false}',
      '{"username":"root","address":"192.0.2.2","isRight":false}',
    ]);
    const after = { isRight: false, address: '192.0.2.2' };
    expect(await noted()).toEqual([
      [null, null, after],
      [null, 'root', after],
    ]);
    const [all] = await fleet.sql<{ text: string }>(
      'SELECT (SELECT string_agg(n::text, $$,$$) FROM notification n) || (SELECT string_agg(a::text, $$,$$) FROM activity a) AS text',
    );
    expect(all!.text).toContain('my-typed-name');
    expect(all!.text).not.toContain('my-typed-password');
  });

  it('from a known address is noted and not told, unless it fails', async () => {
    expect(await attempt('root', SUDO.password, KNOWN)).toBe(200);
    expect(await notices()).toEqual([]);
    expect(await noted()).toEqual([['root', 'root', { isRight: true, address: KNOWN }]]);
    expect(await attempt('root', 'wrong', KNOWN)).toBe(401);
    expect(await notices()).toEqual([`{"username":"root","address":"${KNOWN}","isRight":false}`]);
  });

  it('that is refused by a limit is neither noted nor told', { timeout: 60_000 }, async () => {
    for (let i = 0; i < 5; i++) expect(await attempt('root', 'wrong', '192.0.2.3')).toBe(401);
    expect(await attempt('root', 'wrong', '192.0.2.3')).toBe(429);
    expect(await attempt('root', SUDO.password, '192.0.2.3')).toBe(429);
    expect([(await notices()).length, (await noted()).length]).toEqual([5, 5]);
  });

  it('is kept no longer than a name may be', async () => {
    expect(await attempt('😀'.repeat(500), 'wrong', '192.0.2.4')).toBe(401);
    expect(await notices()).toEqual([
      `{"username":"${'😀'.repeat(128)}","address":"192.0.2.4","isRight":false}`,
    ]);
  });

  it('does not fail because it cannot be noted', async () => {
    await fleet.sql('ALTER TABLE activity RENAME TO activity_away');
    try {
      expect(await attempt('root', SUDO.password, '192.0.2.5')).toBe(200);
      expect(await attempt('root', 'wrong', '192.0.2.5')).toBe(401);
    } finally {
      await fleet.sql('ALTER TABLE activity_away RENAME TO activity');
    }
  });

  it('of strangers with many addresses is told thirty times a minute', { timeout: 120_000 }, async () => {
    for (let i = 0; i < 40; i++) {
      expect(await attempt(`stranger${i}`, 'wrong', `198.51.100.${i}`)).toBe(401);
    }
    expect((await notices()).length).toBeLessThanOrEqual(30);
    expect((await noted()).length).toBeLessThanOrEqual(30);
  });
});
