import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

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

async function sql(text: string): Promise<void> {
  const client = new pg.Client(clientOptions(database.connection));
  await client.connect();
  await client.query(text).finally(() => client.end());
}

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
      'cache-control': 'private, no-store',
    });
  });

  it('names the address that the client used, if a trusted proxy tells it', async () => {
    const { subscription_url: path } = await createUser('proxied_user');
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'panel.example.com:8443' };
    const { headers } = await fetchPath(path, forwarded);
    expect(headers.get('profile-web-page-url')).toBe(`https://panel.example.com:8443${path}`);
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
    for (const path of [`/sub/${token}`, `/sub/${token}/`, `/sub/${token}/info`]) {
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
