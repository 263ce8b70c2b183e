import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limitKeys } from '../../src/features/admins/login-failures.repository.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { Secrets } from '../../src/shared/secrets/secrets.js';
import { refusal } from '../support/log-socket.js';
import { startApp, SUDO, type TestApp } from '../support/app.js';

let app: TestApp;
let db: pg.Client;

beforeAll(async () => {
  app = await startApp({ trustedProxies: ['loopback'] });
  db = new pg.Client(clientOptions(app.connection));
  await db.connect();
});
afterEach(() => db.query('TRUNCATE login_failures, known_logins'));
afterAll(async () => {
  await db.end();
  await app.close();
});

/** One attempt from an address, on one replica. */
async function attempt(username: string, password: string, address = '192.0.2.1', url = app.url) {
  const reply = await fetch(`${url}/api/admin/token`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
    headers: { 'x-forwarded-for': address },
  });
  return {
    status: reply.status,
    headers: reply.headers,
    body: (await reply.json()) as Record<string, string>,
  };
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as object;

describe('a login', () => {
  it('gives a token that says who, which rights, and how long', async () => {
    const { status, body } = await attempt(SUDO.username, SUDO.password);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['access_token', 'token_type']);
    expect(body.token_type).toBe('bearer');
    const claims = claimsOf(body.access_token!) as { iat: number; exp: number };
    expect(claims).toMatchObject({ sub: 'root', access: 'sudo' });
    expect(claims.exp - claims.iat).toBe(1440 * 60);
  });

  it('may be sent as multipart, as the dashboard does', async () => {
    const form = new FormData();
    form.append('username', 'ignored');
    form.append('username', SUDO.username);
    form.append('password', SUDO.password);
    form.append('grant_type', 'password');
    expect((await app.client().post('/api/admin/token', form)).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ['as JSON', SUDO],
    ['without name and password', new URLSearchParams({ scope: 'x' })],
  ])('%s is 422', async (_, body) => {
    const reply = await app.client().post('/api/admin/token', body);
    expect([reply.status, reply.json]).toEqual([
      422,
      {
        detail: [
          { loc: ['body', 'username'], msg: 'Field required', type: 'missing' },
          { loc: ['body', 'password'], msg: 'Field required', type: 'missing' },
        ],
      },
    ]);
  });

  it.each([
    ['password', 200],
    ['xpasswordx', 200],
    ['', 422],
    ['refresh_token', 422],
  ])('with the grant type %j is %d', async (grant_type, status) => {
    const reply = await app.client().post('/api/admin/token', new URLSearchParams({ ...SUDO, grant_type }));
    expect(reply.status).toBe(status);
    if (status === 422) expect(reply.json.detail[0].msg).toBe("String should match pattern 'password'");
  });

  it('with a file in place of the password is 422', async () => {
    const form = new FormData();
    form.append('username', 'root');
    form.append('password', new Blob(['x']), 'x.txt');
    const reply = await app.client().post('/api/admin/token', form);
    expect([reply.status, reply.json.detail[0].loc]).toEqual([422, ['body', 'password']]);
  });

  it('with a broken form is 400', async () => {
    const reply = await fetch(`${app.url}/api/admin/token`, {
      method: 'POST',
      body: 'nonsense',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([reply.status, await reply.json()]).toEqual([
      400,
      { detail: 'There was an error parsing the body' },
    ]);
  });

  it.each([
    ['root', 'wrong'],
    ['root', ''],
    ['', ''],
    ['nobody', 'wrong'],
    ['ROOT', SUDO.password],
    ['x'.repeat(5_000), 'y'.repeat(5_000)],
  ])('that is wrong is refused without saying why', async (username, password) => {
    const { status, headers, body } = await attempt(username, password);
    expect([status, body]).toEqual([401, { detail: 'Incorrect username or password' }]);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('failed logins', { timeout: 60_000 }, () => {
  it('are limited per name and address, on all replicas', async () => {
    const other = await startApp({ trustedProxies: ['loopback'] }, app.connection);
    try {
      for (let i = 0; i < 5; i++) {
        const { status } = await attempt('root', 'wrong', '192.0.2.7', i % 2 ? app.url : other.url);
        expect(status).toBe(401);
      }
      for (const url of [app.url, other.url]) {
        const { status, headers, body } = await attempt('root', SUDO.password, '192.0.2.7', url);
        expect([status, headers.get('retry-after')]).toEqual([429, '1']);
        expect(body.detail).toBe('Too many failed logins, try again in 1 seconds');
      }
      // Neither another address nor another name is held up.
      expect((await attempt('root', SUDO.password, '192.0.2.8')).status).toBe(200);
      expect((await attempt('nobody', 'wrong', '192.0.2.7')).status).toBe(401);
    } finally {
      await other.close();
    }
  });

  it('sent all at once are limited too', async () => {
    const replies = await Promise.all(
      Array.from({ length: 30 }, () => attempt('root', 'wrong', '192.0.2.9')),
    );
    expect(replies.filter(({ status }) => status === 401).length).toBe(5);
    expect(replies.filter(({ status }) => status === 429).length).toBe(25);
  });

  it('are forgotten by a success; successes never count', async () => {
    for (let i = 0; i < 4; i++) await attempt('root', 'wrong');
    expect((await attempt('root', SUDO.password)).status).toBe(200);
    for (let i = 0; i < 4; i++) expect((await attempt('root', 'wrong')).status).toBe(401);
    const many = await Promise.all(
      Array.from({ length: 20 }, () => attempt('root', SUDO.password, '192.0.2.20')),
    );
    expect(many.every(({ status }) => status === 200)).toBe(true);
  });

  it('of an IPv6 customer count together', async () => {
    for (let i = 0; i < 5; i++) await attempt('root', 'wrong', `2001:db8:0:1::${i}`);
    expect((await attempt('root', 'wrong', '2001:db8::1:0:0:0:99')).status).toBe(429);
    expect((await attempt('root', 'wrong', '2001:db8:0:2::1')).status).toBe(401);
  });

  it('of many strangers keep the owner out nowhere, on no replica', async () => {
    const other = await startApp({ trustedProxies: ['loopback'] }, app.connection);
    try {
      expect((await attempt('root', SUDO.password, '192.0.2.30')).status).toBe(200);
      await db.query('INSERT INTO login_failures (key, failures) VALUES ($1, 60)', [
        limitKeys('root', '198.51.100.1').name,
      ]);
      // They go on, from more places than are let wait.
      const flood = Array.from({ length: 100 }, (_, i) => attempt('root', 'wrong', `203.0.113.${i}`));
      expect((await attempt('root', SUDO.password, '192.0.2.30')).status).toBe(200);
      expect((await attempt('root', SUDO.password, '192.0.2.31', other.url)).status).toBe(200);
      const refused = (await Promise.all(flood)).find(({ status }) => status === 429);
      expect(refused?.headers.get('retry-after')).toBe('3');
      // Nor where he has never been, though it takes a moment.
      expect((await attempt('root', SUDO.password, '2001:db8:ffff::1')).status).toBe(200);
      const { rows } = await db.query<{ network: string }>('SELECT network FROM known_logins ORDER BY 1');
      expect(rows.map(({ network }) => network)).toEqual([
        '127.0.0.0/24', // the test's own login on the other replica
        '192.0.2.0/24',
        '2001:db8:ffff::/48',
      ]);
    } finally {
      await other.close();
    }
  });

  it('that come in a flood are checked a few at a time, the known first', async () => {
    expect((await attempt('root', SUDO.password, '192.0.2.40')).status).toBe(200);
    const flood = Array.from({ length: 100 }, (_, i) => attempt(`nobody${i}`, 'wrong', `198.51.100.${i}`));
    await Promise.race(flood);
    expect((await attempt('root', SUDO.password, '192.0.2.40')).status).toBe(200);
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });

  it('hold names and addresses only, never what was typed', async () => {
    await attempt('my-password-typed-here', 'wrong');
    const { rows } = await db.query<{ key: string }>('SELECT key FROM login_failures ORDER BY key');
    expect(rows.length).toBe(3);
    expect(JSON.stringify(rows)).not.toContain('typed');
  });
});

describe('a token', () => {
  const get = (authorization: string) =>
    fetch(`${app.url}/api/admin`, { headers: { authorization } }).then(async (reply) => ({
      status: reply.status,
      detail: ((await reply.json()) as { detail?: string }).detail,
    }));

  it('is taken with the scheme in any case', async () => {
    const token = await app.login(SUDO.username, SUDO.password);
    expect((await get(`bEARER ${token}`)).status).toBe(200);
  });

  it('is refused for what is wrong with it', async () => {
    const token = await app.login(SUDO.username, SUDO.password);
    const [header = '', payload = ''] = token.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`;
    const forged = `${header}.${payload}.${createHmac('sha256', 'guess').update(`${header}.${payload}`).digest('base64url')}`;
    for (const [authorization, detail] of [
      [`Basic ${token}`, 'Not authenticated'],
      [token, 'Not authenticated'],
      ['Bearer', 'Could not validate credentials'],
      [`Bearer  ${token}`, 'Could not validate credentials'],
      [`Bearer ${token}x`, 'Could not validate credentials'],
      [`Bearer ${unsigned}`, 'Could not validate credentials'],
      [`Bearer ${forged}`, 'Could not validate credentials'],
    ] as const) {
      expect(await get(authorization)).toEqual({ status: 401, detail });
    }
  });

  it('of the right signature but odd claims is refused, never a fault of the service', async () => {
    const good = claimsOf(await app.login(SUDO.username, SUDO.password)) as Record<string, unknown>;
    const key = app.app.get(Secrets, { strict: false }).adminTokens;
    const sign = (payload: string) => {
      const signed = [JSON.stringify({ alg: 'HS256', typ: 'JWT' }), payload]
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
      return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
    };
    const answers = async (payload: string) => {
      const token = sign(payload);
      const [status, body] = await refusal(app.url, `/api/core/logs?token=${token}`);
      return [(await get(`Bearer ${token}`)).status, status, (body as { detail: string }).detail];
    };
    expect((await get(`Bearer ${sign(JSON.stringify(good))}`)).status).toBe(200);
    const odd = fc.oneof(
      fc.constantFrom(0, -1, 1e18, 2 ** 31, -(2 ** 31), 1.5, 1e308, null, '1', [1], {}, true),
      fc.jsonValue(),
    );
    const payload = fc.oneof(
      fc.constantFrom('null', '[]', '[null]', '"x"', '1', 'true', '{}', '{', ''),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .tuple(fc.constantFrom('aid', 'ver'), odd)
        .filter(([, value]) => value !== good.aid && value !== good.ver)
        .map(([claim, value]) => JSON.stringify({ ...good, [claim]: value })),
      fc.constantFrom('aid', 'ver').map((claim) => JSON.stringify({ ...good, [claim]: undefined })),
      fc
        .constantFrom(0, -1, 1, '9999999999', null, [], {}, true)
        .map((exp) => JSON.stringify({ ...good, exp })),
    );
    await fc.assert(
      fc.asyncProperty(payload, async (text) => {
        expect(await answers(text)).toEqual([401, 403, 'Unauthorized']);
      }),
      { numRuns: 200 },
    );
  });

  it('lives as long as the setting says', async () => {
    const brief = await startApp({ auth: { tokenMinutes: 1 / 60, sudo: SUDO } }, app.connection);
    const forever = await startApp({ auth: { tokenMinutes: 0, sudo: SUDO } }, app.connection);
    try {
      const token = await brief.login(SUDO.username, SUDO.password);
      const client = brief.client(token);
      await expect.poll(async () => (await client.get('/api/admin')).status, { timeout: 3000 }).toBe(401);
      expect(claimsOf(await forever.login(SUDO.username, SUDO.password))).not.toHaveProperty('exp');
    } finally {
      await brief.close();
      await forever.close();
    }
  });
});
