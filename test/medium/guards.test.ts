import { createHmac } from 'node:crypto';
import type { Express } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secrets } from '../../src/shared/secrets/secrets.js';
import { type ApiDocument, operationsOf } from '../support/api-document.js';
import { type Reply, SUDO, type TestClient } from '../support/app.js';
import { startFleet } from '../support/user-fleet.js';

/** Who is let in. A route that is named nowhere here is for sudo admins only. */
const PUBLIC = [
  'GET /',
  'POST /api/admin/token',
  'GET /sub/{token}/',
  'GET /sub/{token}/info',
  'GET /sub/{token}/usage',
  'GET /sub/{token}/{client_type}',
];
const ANY_ADMIN = [
  'GET /api/admin',
  'GET /api/core',
  'GET /api/inbounds',
  'GET /api/system',
  'GET /api/user_template',
  'GET /api/user_template/{template_id}',
  'GET /api/users',
  'GET /api/users/expired',
  'DELETE /api/users/expired',
  'GET /api/users/usage',
  'POST /api/user',
];
const OWNER = [
  'GET /api/user/{username}',
  'PUT /api/user/{username}',
  'DELETE /api/user/{username}',
  'GET /api/user/{username}/usage',
  'POST /api/user/{username}/active-next',
  'POST /api/user/{username}/reset',
  'POST /api/user/{username}/revoke_sub',
];
/** Routes that are no part of the API: nothing behind them needs a guard. */
const UNDOCUMENTED = /^GET \/(docs|health|openapi\.json)/;

const EVERYTHING_EXPIRED = '?expired_after=2000-01-01&expired_before=2100-01-01';

// Asked for before the tests are listed, so that each route is one.
const fleet = await startFleet();
const token = await fleet.login(SUDO.username, SUDO.password);
const served = (await fleet.client().get('/openapi.json')).json as ApiDocument;
const routes = [...operationsOf(served).keys()];
const guarded = routes.filter((route) => !PUBLIC.includes(route));
const sudoOnly = guarded.filter((route) => !ANY_ADMIN.includes(route) && !OWNER.includes(route));

/** Belongs to the sudo admin `root`. */
const victim = { username: 'victim', proxies: { vless: {} }, expire: 1_700_000_000 };
let untouched: unknown;

beforeAll(async () => {
  await fleet.sudo.post('/api/user', victim);
  await fleet.reseller.post('/api/user', { ...victim, username: 'own_user' });
  await fleet.sql(`UPDATE users SET status = 'expired'`);
  untouched = (await fleet.sudo.get('/api/user/victim')).json;
});
afterAll(() => fleet.close());

/** Visits the route about the user, admin, node, template, … of these names. */
async function visit(client: TestClient, route: string, names: Record<string, string> = {}): Promise<Reply> {
  const [method, template] = route.split(' ') as [string, string];
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 'nothing');
  const query = path === '/api/users/expired' ? EVERYTHING_EXPIRED : '';
  return client[method.toLowerCase() as keyof TestClient](path + query);
}

/** The token with another expiry, signed by whoever has the service's key. */
function expiring(token: string, inSeconds: number): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as object;
  const exp = Math.floor(Date.now() / 1000) + inSeconds;
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { ...claims, exp },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const { adminTokens } = fleet.app.get(Secrets, { strict: false });
  const signature = createHmac('sha256', adminTokens).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

describe('nobody', () => {
  it.each(guarded)('is let in to %s, whether there is such a thing or not', async (route) => {
    for (const username of ['victim', 'nothing']) {
      const reply = await visit(fleet.client(), route, { username });
      expect([reply.status, reply.text]).toEqual([401, '{"detail":"Not authenticated"}']);
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    }
  });
});

describe('an expired token', () => {
  it.each(guarded)('does not open %s', async (route) => {
    const reply = await visit(fleet.client(expiring(token, -1)), route);
    expect([reply.status, reply.text]).toEqual([401, '{"detail":"Could not validate credentials"}']);
  });

  it('is refused for its age alone', async () => {
    expect((await fleet.client(expiring(token, 60)).get('/api/admin')).status).toBe(200);
  });
});

describe('an admin without sudo rights', () => {
  it.each(sudoOnly)('is not let in to %s', async (route) => {
    const ofAdmin = route.includes('/api/admin/');
    for (const username of ofAdmin ? ['root', 'reseller', 'nothing'] : ['victim', 'own_user']) {
      const reply = await visit(fleet.reseller, route, { username });
      expect([reply.status, reply.text]).toEqual([403, `{"detail":"You're not allowed"}`]);
    }
  });

  it.each(routes.filter((route) => OWNER.includes(route)))(
    'is let in to %s for its own users',
    async (route) => {
      await fleet.reseller.post('/api/user', { ...victim, username: 'own_user' });
      expect((await visit(fleet.reseller, route, { username: 'own_user' })).status).not.toBe(403);
      const reply = await visit(fleet.reseller, route, { username: 'victim' });
      expect([reply.status, reply.text]).toEqual([403, `{"detail":"You're not allowed"}`]);
    },
  );

  it.each(routes.filter((route) => ANY_ADMIN.includes(route)))(
    'is let in to %s, which shows it no users of others',
    async (route) => {
      const reply = await visit(fleet.reseller, route);
      expect(reply.status).not.toBe(401);
      expect(reply.status).not.toBe(403);
      expect(reply.text).not.toContain('victim');
    },
  );

  it('changed nothing of others in all that', async () => {
    expect((await fleet.sudo.get('/api/user/victim')).json).toEqual(untouched);
  });
});

describe('the document', () => {
  it('says of every route whether it needs a token', () => {
    for (const [route, { security }] of operationsOf(served)) {
      const needed = PUBLIC.includes(route) ? [] : [{ OAuth2PasswordBearer: [] }];
      expect([route, security ?? []]).toEqual([route, needed]);
    }
  });

  it('knows every route there is', () => {
    const { stack } = (fleet.app.getHttpAdapter().getInstance() as Express).router as unknown as {
      stack: { route?: { path: string; methods: Record<string, boolean> } }[];
    };
    const real = stack.flatMap(({ route }) =>
      Object.keys(route?.methods ?? {}).map((method) => `${method.toUpperCase()} ${documented(route!.path)}`),
    );
    expect(real.length).toBeGreaterThan(guarded.length);
    expect(real.filter((route) => !routes.includes(route) && !UNDOCUMENTED.test(route))).toEqual([]);
  });
});

/** An Express path as the document writes it. */
function documented(path: string): string {
  return path.replace('{/}', '/').replace(/:(\w+)/g, '{$1}');
}
