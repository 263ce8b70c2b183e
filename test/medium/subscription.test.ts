import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, runSql, type TestDatabase } from '../support/database.js';

const MARZBAN_SECRET = 'an imported secret';

let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  await sql(`INSERT INTO secrets (name, value) VALUES ('imported_subscription_key', '${MARZBAN_SECRET}')`);
  app = await startApp({ trustedProxies: ['127.0.0.1'] }, database.connection);
});

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

const sql = (text: string) => runSql(database.connection, text);

interface ShownUser {
  username: string;
  links: string[];
  subscription_url: string;
  sub_updated_at: string | null;
  sub_last_user_agent: string | null;
}

async function createUser(username: string, more: object = {}): Promise<ShownUser> {
  const reply = await app.sudo.post('/api/user', {
    username,
    proxies: { vless: {}, shadowsocks: {} },
    ...more,
  });
  expect(reply.status).toBe(200);
  return reply.json as ShownUser;
}

async function shown(username: string): Promise<ShownUser> {
  return (await app.sudo.get(`/api/user/${username}`)).json as ShownUser;
}

async function fetchPath(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  return fetch(app.url + path, {
    method,
    headers: { 'user-agent': 'v2rayNG/1.9', ...headers },
    redirect: 'manual',
  });
}

function decode(base64: string): string[] {
  return Buffer.from(base64, 'base64').toString().split('\n');
}

/** A token as Marzban 0.8.4 wrote it. */
function marzbanToken(username: string, issuedAt: Date): string {
  const payload = Buffer.from(`${username},${Math.ceil(issuedAt.getTime() / 1000)}`).toString('base64url');
  return (
    payload +
    createHash('sha256')
      .update(payload + MARZBAN_SECRET)
      .digest('base64url')
      .slice(0, 10)
  );
}

describe('a subscription', () => {
  it('is the base64 of the links that the API shows, with and without a slash at the end', async () => {
    const { links, subscription_url: path } = await createUser('plain_user');
    expect(links.map((link) => link.split('://')[0])).toEqual(expect.arrayContaining(['vless', 'ss']));
    for (const form of [path, `${path}/`, `${path}?name=x`]) {
      const reply = await fetchPath(form);
      expect(reply.status).toBe(200);
      expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(decode(await reply.text())).toEqual(links);
    }
  });

  it('carries the headers that client applications read', async () => {
    const { subscription_url: path } = await createUser('header_user', {
      data_limit: 1000,
      expire: 4102444800,
    });
    const { headers } = await fetchPath(`${path}?name=x`);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-disposition': 'attachment; filename="header_user"',
      'profile-web-page-url': `${app.url}${path}?name=x`,
      'support-url': 'https://t.me/',
      'profile-title': 'base64:U3Vic2NyaXB0aW9u',
      'profile-update-interval': '12',
      'subscription-userinfo': 'upload=0; download=0; total=1000; expire=4102444800',
      'cache-control': 'private, no-cache',
    });
  });

  it('names the address that the client used, if a trusted proxy tells it', async () => {
    const { subscription_url: path } = await createUser('proxied_user');
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'panel.example.com:8443' };
    const { headers } = await fetchPath(path, forwarded);
    expect(headers.get('profile-web-page-url')).toBe(`https://panel.example.com:8443${path}`);
  });

  it('names no address that is none, whatever a proxy hands on', async () => {
    const { subscription_url: path } = await createUser('forged_user');
    const forged = { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'evil.example/?' };
    const { headers } = await fetchPath(path, forged);
    expect(headers.get('profile-web-page-url')).toBe(app.url + path);
  });

  it('is given whatever the status', async () => {
    const { links, subscription_url: path } = await createUser('disabled_user');
    await app.sudo.put('/api/user/disabled_user', { status: 'disabled' });
    expect(decode(await (await fetchPath(path)).text())).toHaveLength(links.length);
  });

  it('answers HEAD with the same headers', async () => {
    const { subscription_url: path } = await createUser('probed_user');
    const [got, probed] = [await fetchPath(path), await fetchPath(path, {}, 'HEAD')];
    const comparable = ({ headers }: Response) =>
      Object.fromEntries(
        [...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)),
      );
    const { 'x-request-id': _, ...expected } = comparable(got);
    expect(probed.status).toBe(200);
    expect(comparable(probed)).toMatchObject(expected);
    expect(await probed.text()).toBe('');
  });

  it('has no other methods', async () => {
    const { subscription_url: path } = await createUser('posted_user');
    expect((await fetchPath(path, {}, 'POST')).status).toBe(405);
  });
});

describe('the format', () => {
  const CUSTOM_JSON = { v2rayN: true, v2rayNG: true, streisand: true, happ: true };

  /** Names of the entries in a document, in their order. */
  const namesIn: Record<string, (text: string) => string[]> = {
    'v2ray-json': (text) => (JSON.parse(text) as { remarks: string }[]).map(({ remarks }) => remarks),
    'clash-meta': (text) => (parse(text) as { proxies: { name: string }[] }).proxies.map(({ name }) => name),
    'sing-box': (text) =>
      (JSON.parse(text) as { outbounds: { tag: string; server?: string }[] }).outbounds
        .filter(({ server }) => server !== undefined)
        .map(({ tag }) => tag),
  };

  it.each([
    ['v2ray', 'text/plain; charset=utf-8'],
    ['v2ray-json', 'application/json'],
    ['clash', 'text/yaml; charset=utf-8'],
    ['clash-meta', 'text/yaml; charset=utf-8'],
    ['sing-box', 'application/json'],
    ['outline', 'application/json'],
  ])('%s can be asked for by name', async (type, contentType) => {
    const name = `named_${type}`;
    const { links, subscription_url: path } = await createUser(name);
    const reply = await fetchPath(`${path}/${type}`, { accept: 'text/html' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe(contentType);
    expect(reply.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
    const names = namesIn[type]?.(await reply.text());
    if (names) expect(names).toHaveLength(links.length);
  });

  it.each([
    ['mihomo/1.19', 'text/yaml; charset=utf-8', /client-fingerprint: chrome/],
    ['Stash/3', 'text/yaml; charset=utf-8', /type: ss/],
    ['SFA/1.13.0 (600; sing-box 1.13.0)', 'application/json', /"default_domain_resolver"/],
    ['SFA/1.11.0 (400; sing-box 1.11.0)', 'application/json', /"type": "block"/],
    ['Outline/1', 'application/json', /"method"/],
    ['curl/8', 'text/plain; charset=utf-8', /^[\w+/=]+$/],
  ])('follows the user agent %s', async (userAgent, contentType, content) => {
    const { subscription_url: path } = await createUser(
      `agent_${userAgent.replace(/\W.*/, '')}_${content.source.length}`,
    );
    const reply = await fetchPath(path, { 'user-agent': userAgent });
    expect(reply.headers.get('content-type')).toBe(contentType);
    expect(await reply.text()).toMatch(content);
  });

  it('is upside down for the application that shows it so, when it fetches by itself', async () => {
    const { subscription } = app.config;
    const other = await startApp(
      { subscription: { ...subscription, customJson: CUSTOM_JSON } },
      database.connection,
    );
    try {
      const { subscription_url: path } = await createUser('reversed_user');
      const names = async (userAgent: string, type = '') => {
        const reply = await fetch(`${other.url}${path}${type}`, { headers: { 'user-agent': userAgent } });
        return namesIn['v2ray-json']!(await reply.text());
      };
      const usual = await names('v2rayNG/1.9.0');
      expect(usual.length).toBeGreaterThan(1);
      expect(await names('v2rayNG/1.8.20')).toEqual(usual.toReversed());
      expect(await names('v2rayNG/1.8.20', '/v2ray-json')).toEqual(usual);
    } finally {
      await other.close();
    }
  });

  it.each(['foo', 'CLASH', 'xclashy', 'v2ray-jsonx'])('%s does not exist', async (type) => {
    const { subscription_url: path } = await createUser(`unknown_${type}`);
    const reply = await fetchPath(`${path}/${type}`);
    expect(reply.status).toBe(422);
    expect(await reply.json()).toEqual({
      detail: [
        {
          loc: ['path', 'client_type'],
          msg: "String should match pattern 'sing-box|clash-meta|clash|outline|v2ray|v2ray-json'",
          type: 'string_pattern_mismatch',
        },
      ],
    });
    expect((await fetchPath(`/sub/nobody/${type}`)).status).toBe(404); // the token is judged first
  });

  it('survives a user agent of any length', async () => {
    const { subscription_url: path } = await createUser('long_agent');
    expect((await fetchPath(path, { 'user-agent': `v2rayNG/${'1.'.repeat(5000)}` })).status).toBe(200);
  });
});

describe("operators' templates", () => {
  it('are used, read again when they change, and replaced by the built-in ones when broken', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'templates-'));
    await mkdir(join(directory, 'clash'));
    const write = (text: string) => writeFile(join(directory, 'clash/default.yml'), text);
    await write("mine: first\n{{ conf | only('proxies') | yaml }}");
    const { subscription } = app.config;
    const templates = { ...subscription.templates, directory };
    const other = await startApp({ subscription: { ...subscription, templates } }, database.connection);
    try {
      const { subscription_url: path } = await createUser('template_user');
      const read = async () =>
        parse(await (await fetch(`${other.url}${path}/clash`)).text()) as { mine?: string };
      expect(await read()).toMatchObject({ mine: 'first', proxies: [{ type: 'ss' }] });
      await write("mine: second\n{{ conf | only('proxies') | yaml }}");
      await vi.waitFor(async () => expect(await read()).toMatchObject({ mine: 'second' }), {
        timeout: 10_000,
        interval: 200,
      });
      await write('{% broken');
      await vi.waitFor(async () => expect(await read()).toMatchObject({ mode: 'Global' }), {
        timeout: 10_000,
        interval: 200,
      });
      expect((await fetch(`${other.url}${path}`)).status).toBe(200);
    } finally {
      await other.close();
      await rm(directory, { recursive: true });
    }
  }, 30_000);
});

describe('usage', () => {
  it('shows the traffic on each node, first that of the service itself', async () => {
    const { subscription_url: path } = await createUser('usage_user');
    await sql(
      `WITH local AS (INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '127.0.0.1') RETURNING id)
       INSERT INTO node_user_usages (created_at, node_id, user_id, used_traffic)
       SELECT date_trunc('hour', now()), local.id, u.id, 9007199254740993 FROM local, users u
        WHERE u.username = 'usage_user'`,
    );
    const reply = await fetchPath(`${path}/usage`);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(await reply.text()).toBe(
      '{"usages":[{"node_id":null,"node_name":"Master","used_traffic":9007199254740993}],"username":"usage_user"}',
    );
    expect((await fetchPath(`${path}/usage?end=2020-01-01T00:00:00`)).status).toBe(400);
    const past = await fetchPath(`${path}/usage?start=2020-01-01T00:00:00&end=2020-02-01T00:00:00`);
    expect(await past.json()).toMatchObject({ usages: [{ used_traffic: 0 }] });
  });

  it.each([
    ['start=yesterday', 'Invalid date range or format'],
    ['start=2026-01-10T00:00:00&end=2026-01-09T00:00:00', 'Start date must be before end date'],
  ])('of %s is refused', async (query, detail) => {
    const { subscription_url: path } = await createUser(`usage_${detail.length}`);
    const reply = await fetchPath(`${path}/usage?${query}`);
    expect([reply.status, await reply.json()]).toEqual([400, { detail }]);
    expect((await fetchPath(`/sub/nobody/usage?${query}`)).status).toBe(404);
  });
});

describe('info', () => {
  it('shows the user without what is the business of operators', async () => {
    const user = await createUser('info_user', { note: 'owes money' });
    const reply = await fetchPath(`${user.subscription_url}/info`);
    const {
      inbounds: _i,
      excluded_inbounds: _e,
      note: _n,
      admin: _a,
      auto_delete_in_days: _d,
      ...rest
    } = user as ShownUser & Record<string, unknown>;
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(await reply.json()).toEqual(rest);
  });
});

describe('a fetch', () => {
  it('is noted with its user agent, cut to what is kept', async () => {
    const { subscription_url: path } = await createUser('noted_user');
    await fetchPath(path, { 'user-agent': 'a'.repeat(600) });
    await vi.waitFor(
      async () => expect((await shown('noted_user')).sub_last_user_agent).toBe('a'.repeat(512)),
      5000,
    );
    expect((await shown('noted_user')).sub_updated_at).not.toBeNull();
    await fetchPath(path, { 'user-agent': 'second' });
    await vi.waitFor(
      async () => expect((await shown('noted_user')).sub_last_user_agent).toBe('second'),
      5000,
    );
  });

  it('is none for a probe or for info', async () => {
    const probed = await createUser('unnoted_user');
    const later = await createUser('witness_user');
    await fetchPath(probed.subscription_url, {}, 'HEAD');
    await fetchPath(`${probed.subscription_url}/info`);
    await fetchPath(`${probed.subscription_url}/clash`);
    await fetchPath(later.subscription_url);
    // What is noted is noted in order, so the witness tells when the others would have been.
    await vi.waitFor(async () => expect((await shown('witness_user')).sub_updated_at).not.toBeNull(), 5000);
    expect(await shown('unnoted_user')).toMatchObject({ sub_updated_at: null, sub_last_user_agent: null });
  });
});

describe('a token', () => {
  it('of Marzban opens the page until the links are revoked', async () => {
    const { links } = await createUser('imported_user');
    const token = marzbanToken('imported_user', new Date(Date.now() + 1000));
    expect(decode(await (await fetchPath(`/sub/${token}`)).text())).toEqual(links);
    await sql(
      `UPDATE users SET sub_revoked_at = now() + interval '1 minute' WHERE username = 'imported_user'`,
    );
    expect((await fetchPath(`/sub/${token}`)).status).toBe(404);
  });

  it('is void once revoked, and the new one counts', async () => {
    const { subscription_url: old } = await createUser('revoked_user');
    const reply = await app.sudo.post('/api/user/revoked_user/revoke_sub');
    const { subscription_url: fresh, links } = reply.json as ShownUser;
    expect((await fetchPath(old)).status).toBe(404);
    expect(decode(await (await fetchPath(fresh)).text())).toEqual(links);
  });

  it('dies with its user, also when the name comes back', async () => {
    const { subscription_url: path } = await createUser('reused_user');
    await app.sudo.delete('/api/user/reused_user');
    expect((await fetchPath(path)).status).toBe(404);
    await createUser('reused_user');
    expect((await fetchPath(path)).status).toBe(404);
  });

  it.each([
    'abc',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    'a'.repeat(500),
    '%00',
    '%E2%82%AC',
    '..%2f..%2fetc',
    'YWxpY2UsMTc2ODQ3ODQwMA125M60iKYd',
  ])('that is none is not found: %s', async (token) => {
    const paths = ['', '/', '/info', '/usage', '/clash', '/nonsense'].map((end) => `/sub/${token}${end}`);
    for (const path of paths) {
      const reply = await fetchPath(path, { accept: 'text/html' });
      expect([path, reply.status, await reply.json()]).toEqual([path, 404, { detail: 'Not Found' }]);
    }
  });
});

describe('the API document', () => {
  it('has the documented paths and operations', async () => {
    const { paths } = (await app.sudo.get('/openapi.json')).json as {
      paths: Record<string, { get?: object }>;
    };
    expect(paths['/sub/{token}/']?.get).toMatchObject({ operationId: 'user_subscription' });
    expect(paths['/sub/{token}/usage']?.get).toMatchObject({ operationId: 'user_get_usage' });
    expect(paths['/sub/{token}/{client_type}']?.get).toMatchObject({
      operationId: 'user_subscription_with_client_type',
    });
    expect(paths['/sub/{token}/info']?.get).toMatchObject({ operationId: 'user_subscription_info' });
  });
});

it('a service with another path serves it there', async () => {
  const { subscription } = app.config;
  const other = await startApp(
    { subscription: { ...subscription, path: 'a/b', urlPrefix: 'https://*.x' } },
    database.connection,
  );
  try {
    await createUser('other_path');
    const { subscription_url: address } = (await other.sudo.get('/api/user/other_path')).json as ShownUser;
    expect(address).toMatch(/^https:\/\/[0-9a-f]{16}\.x\/a\/b\/[\w-]+$/);
    expect((await fetch(other.url + new URL(address).pathname)).status).toBe(200);
  } finally {
    await other.close();
  }
});
