import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, issues, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet?.close());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const WIRE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/;

const create = async (body: object) => {
  const reply = await fleet.sudo.post('/api/user', { proxies: { vless: {} }, ...body });
  expect(reply.text).toContain('"username"');
  return reply.json;
};
const read = async (name: string) => (await fleet.sudo.get(`/api/user/${name}`)).json;
const change = async (name: string, body: object) => (await fleet.sudo.put(`/api/user/${name}`, body)).json;

describe('creating a user', () => {
  it('answers with the complete user', async () => {
    const reply = await fleet.sudo.post('/api/user', {
      username: 'anna',
      proxies: { shadowsocks: {}, vless: {} },
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(Object.keys(reply.json)).toEqual([
      'proxies',
      'expire',
      'data_limit',
      'data_limit_reset_strategy',
      'inbounds',
      'note',
      'sub_updated_at',
      'sub_last_user_agent',
      'online_at',
      'on_hold_expire_duration',
      'on_hold_timeout',
      'auto_delete_in_days',
      'next_plan',
      'username',
      'status',
      'used_traffic',
      'lifetime_used_traffic',
      'created_at',
      'links',
      'subscription_url',
      'excluded_inbounds',
      'admin',
    ]);
    expect(reply.json).toMatchObject({
      proxies: {
        shadowsocks: { password: expect.stringMatching(/^[\w-]{22}$/), method: 'chacha20-ietf-poly1305' },
        vless: { id: expect.stringMatching(UUID), flow: '' },
      },
      expire: null,
      data_limit: null,
      data_limit_reset_strategy: 'no_reset',
      inbounds: { shadowsocks: ['SS'], vless: ['VLESS_A', 'VLESS_B'] },
      next_plan: null,
      status: 'active',
      used_traffic: 0,
      lifetime_used_traffic: 0,
      created_at: expect.stringMatching(WIRE_TIME),
      subscription_url: expect.stringMatching(/^\/sub\/[\w-]{40,}$/),
      excluded_inbounds: { shadowsocks: [], vless: [] },
      admin: { username: 'root', is_sudo: true },
    });
    expect(Object.keys(reply.json.proxies)).toEqual(['shadowsocks', 'vless']);
    expect(reply.json.links).toHaveLength(3);
    expect(await read('anna')).toEqual(reply.json);
  });

  it('stores everything that is sent', async () => {
    const sent = {
      username: 'bea@example.org',
      proxies: { vless: { id: '3d1e9e6f-3c7a-4f0e-9b7a-0d2f8a5b6c7d', flow: 'xtls-rprx-vision' } },
      inbounds: { vless: ['VLESS_B'], trojan: ['whatever'] },
      expire: 4_000_000_000,
      data_limit_reset_strategy: 'month',
      note: 'Ünï 😀',
      on_hold_timeout: '2030-01-01T00:00:00',
      auto_delete_in_days: -1,
      next_plan: { data_limit: 5, expire: 4_100_000_000, add_remaining_traffic: true, fire_on_either: false },
    };
    await create(sent);
    expect(await read('bea@example.org')).toMatchObject({
      ...sent,
      inbounds: { vless: ['VLESS_B'] },
      excluded_inbounds: { vless: ['VLESS_A'] },
    });
  });

  it('keeps 64-bit limits digit for digit', async () => {
    const reply = await fleet.sudo.post(
      '/api/user',
      '{"username":"huge","proxies":{"vless":{}},"data_limit":9223372036854775807}',
    );
    expect(reply.text).toContain('"data_limit":9223372036854775807,');
    expect((await fleet.sudo.get('/api/user/huge')).text).toContain('"data_limit":9223372036854775807,');
    expect((await fleet.sudo.get('/api/users?username=huge')).text).toContain(
      '"data_limit":9223372036854775807,',
    );
  });

  it('is not possible for an admin who was deleted a moment ago', async () => {
    const account = { username: 'gone', password: 'a password of the gone' };
    await fleet.sudo.post('/api/admin', { ...account, is_sudo: false });
    const gone = fleet.client(await fleet.login(account.username, account.password));
    await gone.get('/api/admin');
    await fleet.sql("DELETE FROM admins WHERE username = 'gone'");
    const reply = await gone.post('/api/user', { username: 'orphan', proxies: { vless: {} } });
    expect([401, 403]).toContain(reply.status);
  });

  it('takes names of 128 characters, also in links, lists and paths', async () => {
    const username = `abc-${'d'.repeat(124)}`;
    const user = await create({ username });
    expect(await read(username)).toEqual(user);
    expect((await fleet.sudo.get(`/api/users?username=${username}`)).json.total).toBe(1);
    const client = fleet.client();
    expect((await client.get(`${user.subscription_url}/info`)).json.username).toBe(username);
    const config = await client.get(user.subscription_url);
    expect(config.headers.get('content-disposition')).toBe(`attachment; filename="${username}"`);
    const longer = await fleet.sudo.post('/api/user', { username: `${username}d`, proxies: { vless: {} } });
    expect(issues(longer)).toEqual([
      'body.username value_error: Value error, Username only can be 3 to 32 characters and contain a-z, 0-9, and underscores in between.',
    ]);
  });

  it('tells names apart by case', async () => {
    await create({ username: 'Case' });
    await create({ username: 'case' });
    expect((await read('Case')).username).toBe('Case');
  });

  it('refuses a name that exists, also when both come at once', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => fleet.sudo.post('/api/user', { username: 'twin', proxies: { vless: {} } })),
    );
    expect([one!.status, two!.status].sort()).toEqual([200, 409]);
    const again = await fleet.reseller.post('/api/user', { username: 'twin', proxies: { vless: {} } });
    expect([again.status, again.text]).toEqual([409, '{"detail":"User already exists"}']);
  });

  it('refuses tags that are no inbounds of the protocol', async () => {
    for (const tag of ['nowhere', 'VMESS']) {
      const reply = await fleet.sudo.post('/api/user', {
        username: 'tagged',
        proxies: { vless: {} },
        inbounds: { vless: ['VLESS_A', tag] },
      });
      expect(reply.status).toBe(422);
      expect(issues(reply)).toEqual([`body.inbounds value_error: Value error, Inbound ${tag} doesn't exist`]);
    }
  });

  it('refuses protocols without inbound, after what is invalid and before a clash of names', async () => {
    const body = { username: 'anna', proxies: { vless: {}, trojan: {} } };
    const reply = await fleet.sudo.post('/api/user', body);
    expect([reply.status, reply.text]).toEqual([
      400,
      '{"detail":"Protocol ProxyTypes.Trojan is disabled on your server"}',
    ]);
    expect((await fleet.sudo.post('/api/user', { ...body, inbounds: { vless: ['x'] } })).status).toBe(422);
  });

  it('starts users that are overdue as active, until the review', async () => {
    expect(await create({ username: 'overdue', expire: 1 })).toMatchObject({ status: 'active', expire: 1 });
  });

  it('answers nonsense with what is wrong, and never fails', async () => {
    const bodies: unknown[] = [
      '',
      'null',
      '[]',
      '5',
      '"x"',
      '{',
      '{"username":"abc\\u0000","proxies":{"vless":{}}}',
      { username: 'nul', proxies: { vless: {} }, note: '\0' },
      { username: 'surrogate', proxies: { vless: {} }, note: '\ud800' },
      { username: 'password', proxies: { shadowsocks: { password: 'a\0b' } } },
      { username: 'x'.repeat(1_000_000), proxies: { vless: {} } },
      { username: 'long', proxies: { vless: {} }, note: 'x'.repeat(1_000_000) },
      { username: 'proto', proxies: JSON.parse('{"__proto__":{},"vless":{}}') },
      {
        username: 'number',
        proxies: { vless: {} },
        expire: 1e300,
        data_limit: 1e300,
        auto_delete_in_days: 2 ** 40,
      },
      { username: 'time', proxies: { vless: {} }, on_hold_timeout: 1e300 },
      { username: 'plan', proxies: { vless: {} }, next_plan: { data_limit: 2 ** 70, expire: -5 } },
    ];
    for (const body of bodies) {
      const reply = await fleet.sudo.post('/api/user', body);
      expect([JSON.stringify(body).slice(0, 80), reply.status]).toEqual([
        JSON.stringify(body).slice(0, 80),
        422,
      ]);
    }
  });
});

describe('who may do what', () => {
  const routes: [string, 'get' | 'put' | 'post' | 'delete', string][] = [
    ['reading', 'get', ''],
    ['changing', 'put', ''],
    ['deleting', 'delete', ''],
    ['resetting', 'post', '/reset'],
    ['revoking', 'post', '/revoke_sub'],
  ];

  it.each(routes)('%s needs a token, then a user, then its owner', async (_, method, path) => {
    await create({ username: 'roots' });
    const nobody = await fleet.client()[method](`/api/user/nobody${path}`, {});
    expect([nobody.status, nobody.json.detail]).toEqual([401, 'Not authenticated']);
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer');
    const missing = await fleet.reseller[method](`/api/user/nobody${path}`, { expire: 'x' });
    expect([missing.status, missing.text]).toEqual([404, '{"detail":"User not found"}']);
    const foreign = await fleet.reseller[method](`/api/user/roots${path}`, { expire: 'x' });
    expect([foreign.status, foreign.text]).toEqual([403, `{"detail":"You're not allowed"}`]);
    await fleet.sudo.delete('/api/user/roots');
  });

  it('an admin has the users he created, a sudo admin has all', async () => {
    await fleet.reseller.post('/api/user', { username: 'resold', proxies: { vless: {} } });
    const own = await fleet.reseller.get('/api/user/resold');
    expect(own.json.admin).toMatchObject({ username: 'reseller', is_sudo: false });
    expect((await fleet.sudo.get('/api/user/resold')).status).toBe(200);
  });

  it('names that cannot be are not found', async () => {
    for (const name of ['%00', 'a%00b', '%F0%9F%98%80', 'x'.repeat(2000), "';--"]) {
      expect((await fleet.sudo.get(`/api/user/${name}`)).status).toBe(404);
    }
  });
});

describe('changing a user', () => {
  it('changes what is sent and leaves the rest alone', async () => {
    const before = await create({
      username: 'carl',
      data_limit: 100,
      note: 'old',
      next_plan: { data_limit: 5 },
    });
    const after = await change('carl', { note: 'new', expire: 4_000_000_000 });
    expect(after).toEqual({ ...before, note: 'new', expire: 4_000_000_000 });
    expect(await read('carl')).toEqual(after);
  });

  it('takes a next plan away with null, and gives another', async () => {
    await create({ username: 'dora', next_plan: { data_limit: 5 } });
    expect((await change('dora', { next_plan: { expire: 4_000_000_000 } })).next_plan).toEqual({
      data_limit: 0,
      expire: 4_000_000_000,
      add_remaining_traffic: false,
      fire_on_either: true,
    });
    expect((await read('dora')).next_plan.expire).toBe(4_000_000_000);
    expect((await change('dora', { next_plan: null })).next_plan).toBeNull();
    expect((await read('dora')).next_plan).toBeNull();
  });

  it('replaces the set of proxies and keeps the exclusions of those that stay', async () => {
    const before = await create({
      username: 'ella',
      proxies: { vless: {}, vmess: {} },
      inbounds: { vless: ['VLESS_A'] },
    });
    const after = await change('ella', { proxies: { shadowsocks: {}, vless: {} } });
    expect(Object.keys(after.proxies)).toEqual(['vless', 'shadowsocks']);
    expect(after.proxies.vless.id).not.toBe(before.proxies.vless.id);
    expect(after.inbounds).toEqual({ vless: ['VLESS_A'], shadowsocks: ['SS'] });
    expect((await change('ella', { inbounds: { vless: [] } })).inbounds.vless).toEqual([]);
    expect(await read('ella')).toMatchObject({ excluded_inbounds: { vless: ['VLESS_A', 'VLESS_B'] } });
  });

  it('puts on hold and starts', async () => {
    await create({ username: 'finn', expire: 4_000_000_000 });
    const held = await change('finn', { status: 'on_hold', on_hold_expire_duration: 3600 });
    expect(held).toMatchObject({ status: 'on_hold', expire: null, on_hold_expire_duration: 3600 });
    const started = await change('finn', { status: 'active' });
    expect(started).toMatchObject({ status: 'active', on_hold_expire_duration: null });
    expect(Math.abs(started.expire - Date.now() / 1000 - 3600)).toBeLessThan(10);
  });

  it('starts a user that was disabled on hold when it is made active', async () => {
    await create({ username: 'paused', status: 'on_hold', on_hold_expire_duration: 3600 });
    expect(await change('paused', { status: 'disabled' })).toMatchObject({ on_hold_expire_duration: 3600 });
    const started = await change('paused', { status: 'active' });
    expect(started).toMatchObject({ status: 'active', on_hold_expire_duration: null });
    expect(Math.abs(started.expire - Date.now() / 1000 - 3600)).toBeLessThan(60);
    await change('paused', { expire: 0 });
    await change('paused', { status: 'disabled', on_hold_expire_duration: 60 });
    expect(await change('paused', { status: 'active' })).toMatchObject({ status: 'active', expire: null });
  });

  it('refuses what it must', async () => {
    await create({ username: 'gina' });
    const refused = async (body: object) => {
      const reply = await fleet.sudo.put('/api/user/gina', body);
      return [reply.status, reply.status === 422 ? issues(reply)[0] : reply.json.detail];
    };
    expect(await refused({ status: 'limited' })).toEqual([
      422,
      "body.status enum: Input should be 'active', 'disabled' or 'on_hold'",
    ]);
    expect(await refused({ status: 'on_hold' })).toEqual([
      422,
      'body.status value_error: Value error, User cannot be on hold without a valid on_hold_expire_duration.',
    ]);
    expect(await refused({ inbounds: { vmess: ['VLESS_A'] } })).toEqual([
      422,
      "body.inbounds value_error: Value error, Inbound VLESS_A doesn't exist",
    ]);
    expect(await refused({ proxies: { trojan: {} } })).toEqual([
      400,
      'Protocol ProxyTypes.Trojan is disabled on your server',
    ]);
    expect((await fleet.sudo.put('/api/user/gina', '')).status).toBe(422);
  });

  it('loses nothing when many change a user at once', async () => {
    await create({ username: 'hugo' });
    const changes = [
      { note: 'n' },
      { data_limit: 100 },
      { expire: 4_000_000_000 },
      { data_limit_reset_strategy: 'day' },
      { on_hold_expire_duration: 60 },
      { auto_delete_in_days: 3 },
      { inbounds: { vless: ['VLESS_A'] } },
      { next_plan: { data_limit: 7 } },
    ];
    const replies = await Promise.all(changes.map((body) => fleet.sudo.put('/api/user/hugo', body)));
    expect(replies.map((reply) => reply.status)).toEqual(changes.map(() => 200));
    expect(await read('hugo')).toMatchObject(
      Object.assign({}, ...changes, { next_plan: expect.objectContaining({ data_limit: 7 }) }),
    );
  });

  it('moves the time of the status with the status', async () => {
    await create({ username: 'ines' });
    const at = async () =>
      (await fleet.sql<{ at: Date }>("SELECT status_changed_at AS at FROM users WHERE username = 'ines'"))[0]!
        .at;
    const first = await at();
    await change('ines', { note: 'x', status: 'active' });
    expect(await at()).toEqual(first);
    await change('ines', { status: 'disabled' });
    expect((await at()).getTime()).toBeGreaterThan(first.getTime());
  });
});

describe('resetting a user', () => {
  it('starts the count again, remembers it, lifts the limit and keeps the next plan', async () => {
    await create({ username: 'jana', data_limit: 100, next_plan: { data_limit: 5 } });
    await fleet.sql(
      "UPDATE user_usage SET used_traffic = 150 WHERE user_id = (SELECT id FROM users WHERE username = 'jana')",
    );
    await fleet.sql("UPDATE users SET status = 'limited' WHERE username = 'jana'");
    const reply = await fleet.sudo.post('/api/user/jana/reset');
    expect([reply.status, reply.json]).toMatchObject([
      200,
      { status: 'active', used_traffic: 0, lifetime_used_traffic: 150, next_plan: { data_limit: 5 } },
    ]);
    expect(await read('jana')).toEqual(reply.json);
    await fleet.sudo.post('/api/user/jana/reset');
    const log = await fleet.sql(
      "SELECT used_traffic_at_reset AS bytes FROM user_usage_logs l JOIN users u ON u.id = l.user_id WHERE username = 'jana' ORDER BY l.id",
    );
    expect(log.map((row) => row.bytes)).toEqual([150n]);
  });

  it('makes limited, disabled and held users active, and tells the cores of those that come back', async () => {
    const hold = { status: 'on_hold', on_hold_expire_duration: 3600, on_hold_timeout: '2100-01-01T00:00:00' };
    await create({ username: 'reset_limited', data_limit: 100 });
    await create({ username: 'reset_disabled' });
    await create({ username: 'reset_expired', expire: 1_600_000_000 });
    await create({ username: 'reset_held', ...hold });
    await create({ username: 'reset_paused', ...hold });
    await fleet.sql("UPDATE users SET status = 'limited' WHERE username = 'reset_limited'");
    await fleet.sql("UPDATE users SET status = 'expired' WHERE username = 'reset_expired'");
    await change('reset_disabled', { status: 'disabled' });
    await change('reset_paused', { status: 'disabled' });
    await fleet.sql('DELETE FROM user_change');

    const reset = async (name: string) => (await fleet.sudo.post(`/api/user/reset_${name}/reset`)).json;
    const started = { status: 'active', on_hold_expire_duration: null, on_hold_timeout: null };
    expect(await reset('limited')).toMatchObject({ status: 'active' });
    expect(await reset('disabled')).toMatchObject({ status: 'active', expire: null });
    expect(await reset('expired')).toMatchObject({ status: 'expired' });
    for (const name of ['held', 'paused']) {
      const user = await reset(name);
      expect(user).toMatchObject(started);
      expect(Math.abs(user.expire - Date.now() / 1000 - 3600)).toBeLessThan(60);
      expect(await read(`reset_${name}`)).toEqual(user);
    }
    const told = await fleet.sql<{ email: string }>('SELECT email FROM user_change ORDER BY seq');
    expect(told.map(({ email }) => email.replace(/^\d+\./, ''))).toEqual([
      'reset_limited',
      'reset_disabled',
      'reset_paused',
    ]);
  });

  it('loses no byte that is counted meanwhile', async () => {
    await create({ username: 'kurt' });
    const count =
      "UPDATE user_usage SET used_traffic = used_traffic + 1 WHERE user_id = (SELECT id FROM users WHERE username = 'kurt')";
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 4 === 0 ? fleet.sudo.post('/api/user/kurt/reset') : fleet.sql(count),
      ),
    );
    expect((await read('kurt')).lifetime_used_traffic).toBe(30);
  });
});

describe('revoking a subscription', () => {
  it('changes the link and the credentials, and no more', async () => {
    const before = await create({
      username: 'lara',
      proxies: { vless: { flow: 'xtls-rprx-vision' }, shadowsocks: { method: 'aes-128-gcm' } },
    });
    expect((await fleet.sudo.get(`${before.subscription_url}/info`)).status).toBe(200);
    const after = (await fleet.sudo.post('/api/user/lara/revoke_sub')).json;
    expect(after.subscription_url).not.toBe(before.subscription_url);
    expect(after.proxies.vless).toMatchObject({ flow: 'xtls-rprx-vision' });
    expect(after.proxies.vless.id).not.toBe(before.proxies.vless.id);
    expect(after.proxies.shadowsocks.method).toBe('aes-128-gcm');
    const { subscription_url, proxies, links, ...others } = after;
    expect(before).toMatchObject(others);
    expect(links).not.toEqual(before.links);
    expect(proxies).toEqual((await read('lara')).proxies);
    expect((await fleet.client().get(`${before.subscription_url}/info`)).status).toBe(404);
    expect((await fleet.client().get(`${subscription_url}/info`)).status).toBe(200);
  });
});

describe('revoking the subscription of a user that is due', () => {
  it('judges its status as any modification does', async () => {
    await create({ username: 'due', expire: 1_600_000_000 });
    await create({ username: 'freed', data_limit: 10 });
    await fleet.sql("UPDATE users SET status = 'limited' WHERE username = 'freed'");
    const revoke = async (name: string) => (await fleet.sudo.post(`/api/user/${name}/revoke_sub`)).json;
    expect((await revoke('due')).status).toBe('expired');
    expect((await revoke('freed')).status).toBe('active');
    expect((await read('due')).status).toBe('expired');
  });
});

describe('deleting a user', () => {
  it('takes everything of it along', async () => {
    await create({ username: 'mona', next_plan: {} });
    await fleet.sudo.post('/api/user/mona/reset');
    const [{ id }] = (await fleet.sql<{ id: number }>("SELECT id FROM users WHERE username = 'mona'")) as [
      { id: number },
    ];
    await fleet.sql('INSERT INTO node_user_usages (user_id, created_at, node_id) VALUES ($1, now(), 1)', [
      id,
    ]);
    const reply = await fleet.sudo.delete('/api/user/mona');
    expect([reply.status, reply.text]).toEqual([200, '{"detail":"User successfully deleted"}']);
    expect((await fleet.sudo.get('/api/user/mona')).status).toBe(404);
    for (const table of ['user_usage', 'user_usage_logs', 'next_plans', 'node_user_usages']) {
      expect(await fleet.sql(`SELECT 1 FROM ${table} WHERE user_id = $1`, [id])).toEqual([]);
    }
  });

  it('works without owner', async () => {
    await create({ username: 'nora' });
    await fleet.sql("UPDATE users SET admin_id = NULL WHERE username = 'nora'");
    expect((await read('nora')).admin).toBeNull();
    expect((await fleet.sudo.delete('/api/user/nora')).status).toBe(200);
  });

  it('makes room for a user whose link is another', async () => {
    const before = await create({ username: 'olga' });
    await fleet.sudo.delete('/api/user/olga');
    const after = await create({ username: 'olga' });
    expect(after.subscription_url).not.toBe(before.subscription_url);
    expect((await fleet.client().get(`${before.subscription_url}/info`)).status).toBe(404);
  });
});
