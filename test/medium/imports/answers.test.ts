import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp, testConfig, type TestClient } from '../../support/app.js';
import { command } from '../../support/command.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { goldenImport } from '../../support/golden-import.js';
import { hasMariaDb, MariaDb } from '../../support/mariadb.js';
import {
  comparable,
  type Engine,
  exact,
  isUsable,
  readLink,
  readLinks,
  recordedAnswer,
  recordedDocuments,
} from '../../support/marzban-answers.js';

/** Rows of the first releases: the original writes the names of Python's enumerations into their links. */
const OLD_ROWS = 'old_rows';

interface ShownUser {
  username: string;
  links: string[];
  subscription_url: string;
  [field: string]: unknown;
}

interface TokenCase {
  what: string;
  username: string;
  token: string;
  status: bigint;
}

const SETTINGS = {
  auth: { tokenMinutes: 0, sudo: { username: 'envadmin_a', password: 'env-A-secret' } },
  serverIp: '203.0.113.10',
  serverIpv6: '[2001:db8::10]',
};

describe.each<Engine>(hasMariaDb() ? ['sqlite', 'mariadb'] : ['sqlite'])(
  'an installation of Marzban on %s that was imported',
  (engine) => {
    const recorded = <T>(name: string) => recordedAnswer<T>(engine, name);
    let database: TestDatabase;
    let app: TestApp;
    let server: MariaDb | undefined;

    beforeAll(async () => {
      database = await createTestDatabase();
      if (engine === 'mariadb') server = await MariaDb.start();
      const from = server
        ? await server.load('marzban', goldenImport('marzban-0.8.4.mariadb.sql'))
        : `sqlite:///${goldenImport('marzban-0.8.4.sqlite3')}`;
      await importGiven(from, database);
      const { xray, subscription } = testConfig();
      app = await startApp(
        {
          ...SETTINGS,
          xray: { ...xray, excludeInboundTags: ['HIDDEN_VLESS'], fallbacksInboundTag: 'TROJAN TCP TLS' },
          subscription: {
            ...subscription,
            urlPrefix: 'https://sub.import-a.example',
            profileTitle: 'پنل A',
            supportUrl: 'https://t.me/support_a',
            updateInterval: '6',
            statusText: { ...subscription.statusText, active: 'فعال', limited: 'حجم تمام' },
          },
        },
        database.connection,
      );
    });

    afterAll(async () => {
      await app?.close();
      await server?.close();
      await database?.drop();
    });

    const ask = async (path: string, client: TestClient = app.sudo) => {
      const reply = await client.get(path);
      return { ...reply, body: reply.text === '' ? undefined : exact(reply.text) };
    };

    /** A link that its owner had before the move. */
    const oldLinkOf = (username: string) => {
      const fresh = recorded<TokenCase[]>('tokens').find(
        (token) => token.username === username && token.what.startsWith('fresh'),
      );
      return `/sub/${fresh!.token}`;
    };

    const comparableUser = ({ subscription_url: _, links, ...user }: ShownUser) => ({
      ...asImported(comparable(user)),
      // A set there, in no order.
      excluded_inbounds: Object.entries((user.excluded_inbounds ?? {}) as Record<string, string[]>).map(
        ([protocol, tags]) => [protocol, tags.toSorted()],
      ),
      links: user.username === OLD_ROWS ? links.length : links.map(readLink).filter(isUsable),
    });

    it.each([
      ['admins', '/api/admins'],
      ['hosts', '/api/hosts'],
      ['inbounds', '/api/inbounds'],
      ['core-config', '/api/core/config'],
      ['user-templates', '/api/user_template'],
      ['node-settings', '/api/node/settings'],
    ])('answers as before: %s', async (name, path) => {
      const { body } = await ask(path);
      const isEnvironment = ({ username }: { username?: string }) => username === SETTINGS.auth.sudo.username;
      // The admin of the environment is a row here.
      const shown = Array.isArray(body) ? body.filter((row) => !isEnvironment(row as object)) : body;
      expect(shown).toEqual(name === 'user-templates' ? recorded(name) : asImported(recorded(name)));
    });

    it('knows its nodes, and connects them anew', async () => {
      const nodes = recorded<{ status: string }[]>('nodes').map((node) => ({
        ...node,
        status: node.status === 'disabled' ? 'disabled' : expect.stringMatching('connecting|error'),
        message: node.status === 'disabled' ? null : expect.anything(),
        xray_version: null,
      }));
      const { body } = await ask('/api/nodes');
      expect(
        (body as { message: unknown }[]).map((node) => ({ ...node, message: node.message ?? '' })),
      ).toEqual(nodes.map((node) => ({ ...node, message: node.status === 'disabled' ? '' : node.message })));
    });

    it('has its users, with all that is known of them', async () => {
      const { users: before } = recorded<{ users: ShownUser[] }>('users');
      const { body } = await ask('/api/users');
      const { users, total } = body as { users: ShownUser[]; total: bigint };
      expect(total).toBe(BigInt(before.length));
      const byName = new Map(users.map((user) => [user.username, comparableUser(user)]));
      for (const user of before) expect(byName.get(user.username)).toEqual(comparableUser(user));
      for (const user of users)
        expect(user.subscription_url).toMatch(/^https:\/\/sub\.import-a\.example\/sub\//);
    });

    it('counts as before', async () => {
      const before = recorded<Record<string, bigint>>('system');
      const { body } = await ask('/api/system');
      const { version: _, ...counts } = before;
      expect(body).toMatchObject(counts);
    });

    it('finds users as before, by what the list is in the order of', async () => {
      const keys = new Map(
        recorded<{ users: ShownUser[] }>('users').users.map((user) => [user.username, user]),
      );
      for (const [query, names] of Object.entries(recorded<Record<string, string[]>>('lists'))) {
        const { body } = await ask(`/api/users?${new URLSearchParams(query)}`);
        const found = (body as { users: ShownUser[] }).users.map(({ username }) => username);
        expect([query, found.toSorted()]).toEqual([query, names.toSorted()]);
        const key = /^sort=-?(.*)$/.exec(query)?.[1];
        if (key === undefined) continue;
        // Of equal ones the order is nobody's.
        const value = (username: string) => keys.get(username)![key] || null; // no limit is none, and not nothing
        expect([query, found.map(value)]).toEqual([query, names.map(value)]);
      }
    });

    it('keeps every link, and lets no dead one live', async () => {
      const tokens = recorded<TokenCase[]>('tokens').filter((token) => !isWithinAMillisecond(token));
      const statuses: number[] = [];
      for (const { token } of tokens) statuses.push((await ask(`/sub/${token}/info`, app.client())).status);
      expect(tokens.map((token, n) => ({ ...token, status: BigInt(statuses[n]!) }))).toEqual(tokens);
    });

    it('shows owners of links what it showed them', async () => {
      for (const [username, info] of Object.entries(recorded<Record<string, ShownUser>>('sub-info'))) {
        const { body } = await ask(`${oldLinkOf(username)}/info`, app.client());
        expect(comparableUser(body as ShownUser)).toEqual(comparableUser(info));
      }
    });

    // Documents of other formats differ from Marzban's wherever docs/compatibility.md says so; what they are made of is in the links.
    it('gives client applications the links it gave them', async () => {
      for (const [username, { link }] of Object.entries(recordedDocuments(engine))) {
        if (username === OLD_ROWS) continue;
        const { text } = await app.client().get(`${oldLinkOf(username)}/v2ray`);
        expect([username, readLinks(text)]).toEqual([username, readLinks(link as string).filter(isUsable)]);
      }
    });

    it('says of subscriptions what it said', async () => {
      for (const [username, headers] of Object.entries(
        recorded<Record<string, Record<string, string>>>('sub-headers'),
      )) {
        const reply = await app.client().get(`${oldLinkOf(username)}/v2ray`);
        expect({ username, ...Object.fromEntries(reply.headers) }).toMatchObject({ username, ...headers });
      }
    });

    it('opens to tokens and passwords of before what they opened', async () => {
      for (const { token, ...before } of recorded<(TokenCase & { admin: bigint; admins: bigint })[]>(
        'admin-tokens',
      )) {
        const client = app.client(token);
        const [own, all] = [await client.get('/api/admin'), await client.get('/api/admins')];
        expect({ ...before, admin: BigInt(own.status), admins: BigInt(all.status) }).toEqual(before);
      }
      for (const login of recorded<{ what: string; username: string; password: string; status: bigint }[]>(
        'logins',
      )) {
        const form = new URLSearchParams({ username: login.username, password: login.password });
        const { status } = await app.client().post('/api/admin/token', form);
        // MySQL and MariaDB compare admins' names without case.
        const right = login.what === 'name in another case' ? 401n : login.status;
        expect({ ...login, status: BigInt(status) }).toEqual({ ...login, status: right });
      }
    });

    it('shows each admin what is its own', async () => {
      const tokens = recorded<TokenCase[]>('admin-tokens');
      const admins =
        recorded<Record<string, { admin: object; users: string[]; sudo_only: bigint }>>('as-admin');
      for (const [username, before] of Object.entries(admins)) {
        const { token } = tokens.find((issued) => issued.username === username)!;
        const client = app.client(token);
        const { body } = await ask('/api/users', client);
        expect({
          admin: (await ask('/api/admin', client)).body,
          users: (body as { users: ShownUser[] }).users.map((user) => user.username).toSorted(),
          sudo_only: BigInt((await client.get('/api/admins')).status),
        }).toEqual({ ...before, admin: asImported(before.admin), users: before.users.toSorted() });
        const { body: usage } = await ask(`/api/admin/usage/${encodeURIComponent(username)}`);
        expect(usage).toBe(recorded<Record<string, bigint>>('admin-usage')[username]);
      }
    });

    it('reports the traffic it reported', async () => {
      interface Usages {
        usages: Record<string, string | bigint | number | null>[];
      }
      /** Fractions of bytes are carried on, so that no sum of (user, node) is off by a whole one. */
      const within = (found: Usages, before: Usages, slack: number, what: string) => {
        expect([what, found.usages.length]).toEqual([what, before.usages.length]);
        for (const [n, usage] of before.usages.entries()) {
          for (const [field, value] of Object.entries(usage)) {
            const shown = found.usages[n]![field];
            if (field !== 'used_traffic') expect([what, field, shown]).toEqual([what, field, value]);
            else expect(Math.abs(Number(shown) - Number(value))).toBeLessThan(slack);
          }
        }
      };
      for (const [name, before] of Object.entries(recorded<Record<string, Usages>>('user-usage'))) {
        const { body } = await ask(
          `/api/user/${encodeURIComponent(name)}/usage?start=2020-01-01T00:00:00&end=2030-01-01T00:00:00`,
        );
        within(body as Usages, before, 1, name);
      }
      const users = recorded<{ users: unknown[] }>('users').users.length;
      for (const [query, before] of Object.entries(recorded<Record<string, Usages>>('usage'))) {
        const { body } = await ask(`/api/${query.replace('?', '/usage?')}`);
        within(body as Usages, before, users, query);
      }
    });
  },
);

/** What stands for nothing becomes nothing. */
function asImported<T>(answer: T): T {
  if (Array.isArray(answer)) return answer.map(asImported) as T;
  if (typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([field, value]) => {
      if (['telegram_id', 'expire', 'data_limit'].includes(field) && value === 0n) return [field, null];
      if (field === 'discord_webhook' && value === '') return [field, null];
      if (field === 'is_disabled' && value === null) return [field, false];
      return [field, asImported(value)];
    }),
  ) as T;
}

/** The one user who was created a millionth of a second after a token: what is here of it is milliseconds. */
const isWithinAMillisecond = ({ username, what }: TokenCase) =>
  username.startsWith('abc@') && what.endsWith('from before the creation');

/** As an operator does it, into an installation that never ran. */
async function importGiven(from: string, { connection }: TestDatabase): Promise<void> {
  const files = ['--core-config', goldenImport('xray_config.json'), '--env', goldenImport('marzban.env')];
  const result = await command(['import', '--from', from, ...files], {
    environment: { DATABASE_URL: addressOf(connection), SECRET_KEY: testConfig().secretKey! },
  });
  expect([result.code, result.err]).toEqual([0, expect.anything()]);
}
