import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, issues, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('DELETE FROM users'));

const create = (username: string, more: object = {}, client = fleet.sudo) =>
  client.post('/api/user', { username, proxies: { vless: {} }, ...more });
const read = async (name: string) => (await fleet.sudo.get(`/api/user/${name}`)).json;
const future = 4_000_000_000;

describe('activating the next plan', () => {
  it('moves the user to it and remembers what was used', async () => {
    await create('alice', {
      data_limit: 100,
      next_plan: { data_limit: 500, expire: future, add_remaining_traffic: true },
    });
    await fleet.sql('UPDATE user_usage SET used_traffic = 30');
    await fleet.sudo.put('/api/user/alice', { status: 'disabled' });
    const reply = await fleet.sudo.post('/api/user/alice/active-next');
    expect([reply.status, reply.json]).toMatchObject([
      200,
      {
        status: 'active',
        data_limit: 570,
        expire: future,
        used_traffic: 0,
        lifetime_used_traffic: 30,
        next_plan: null,
      },
    ]);
    expect(await read('alice')).toEqual(reply.json);
    const again = await fleet.sudo.post('/api/user/alice/active-next');
    expect([again.status, again.text]).toEqual([404, `{"detail":"User doesn't have next plan"}`]);
  });

  it('ends a hold', async () => {
    await create('bob', { status: 'on_hold', on_hold_expire_duration: 60, next_plan: {} });
    expect((await fleet.sudo.post('/api/user/bob/active-next')).json).toMatchObject({
      status: 'active',
      expire: null,
      on_hold_expire_duration: null,
    });
  });
});

describe('giving a user to another admin', () => {
  it('moves it, as sudo only', async () => {
    await create('carl');
    const reply = await fleet.sudo.put('/api/user/carl/set-owner?admin_username=reseller');
    expect([reply.status, reply.json.admin.username]).toEqual([200, 'reseller']);
    expect((await fleet.reseller.get('/api/user/carl')).status).toBe(200);
    expect((await fleet.reseller.put('/api/user/carl/set-owner')).status).toBe(403);
  });

  it('refuses in the order clients know', async () => {
    await create('carl');
    const ask = async (client: Fleet['sudo'], path: string) => {
      const reply = await client.put(`/api/user/${path}`);
      return [reply.status, reply.status === 422 ? issues(reply)[0] : reply.json.detail];
    };
    expect(await ask(fleet.client(), 'x/set-owner')).toEqual([401, 'Not authenticated']);
    expect(await ask(fleet.reseller, 'x/set-owner')).toEqual([404, 'User not found']);
    expect(await ask(fleet.reseller, 'carl/set-owner')).toEqual([403, "You're not allowed"]);
    expect(await ask(fleet.sudo, 'carl/set-owner')).toEqual([
      422,
      'query.admin_username missing: Field required',
    ]);
    expect(await ask(fleet.sudo, 'carl/set-owner?admin_username=nobody')).toEqual([404, 'Admin not found']);
  });
});

describe('expired users', () => {
  beforeEach(async () => {
    await create('old', { expire: 1_600_000_000 });
    await create('new', { expire: 1_700_000_000 });
    await create('limited', { expire: 1_650_000_000 });
    await create('soon', { expire: future });
    await create('resold', { expire: 1_650_000_000 }, fleet.reseller);
    await create('never');
    await create('disabled', { expire: 1_600_000_000 });
    await fleet.sudo.put('/api/user/disabled', { status: 'disabled' });
    await fleet.sql("UPDATE users SET status = 'expired' WHERE username IN ('old', 'new', 'resold')");
    await fleet.sql("UPDATE users SET status = 'limited' WHERE username IN ('limited', 'soon')");
  });

  it.each([
    ['', ['old', 'new', 'limited', 'resold']],
    ['?expired_before=2022-01-01', ['old']],
    ['?expired_after=2022-01-01T00:00:00Z', ['new', 'limited', 'resold']],
    ['?expired_after=2022-01-01&expired_before=2022-12-31T23:59:59%2B03:30', ['limited', 'resold']],
    ['?expired_after=1700000000&expired_before=1700000000', ['new']],
    ['?expired_before=2200-01-01', ['old', 'new', 'limited', 'resold']],
    ['?expired_after=2200-01-01', []],
  ])('are listed: %s', async (query, names) => {
    const reply = await fleet.sudo.get(`/api/users/expired${query}`);
    expect([reply.status, reply.json]).toEqual([200, names]);
  });

  it('are those whose time has passed, though no review has said so', async () => {
    await create('overdue', { expire: 1_500_000_000 });
    await create('renewed', { expire: 1_500_000_000, next_plan: { expire: future } });
    await create('half', { expire: 1_500_000_000, next_plan: { expire: future, fire_on_either: false } });
    await create('both', { expire: 1_500_000_000, data_limit: 1, next_plan: { fire_on_either: false } });
    await fleet.sql(
      "UPDATE user_usage SET used_traffic = 1 WHERE user_id = (SELECT id FROM users WHERE username = 'both')",
    );
    const before = '?expired_before=2018-01-01';
    expect((await fleet.sudo.get(`/api/users/expired${before}`)).json).toEqual(['overdue', 'half']);
    expect((await fleet.sudo.delete(`/api/users/expired${before}`)).json).toEqual(['overdue', 'half']);
    expect((await read('renewed')).next_plan.expire).toBe(future);
  });

  it('are those of the admin who asks', async () => {
    expect((await fleet.reseller.get('/api/users/expired')).json).toEqual(['resold']);
    const reply = await fleet.reseller.delete('/api/users/expired?expired_after=2000-01-01');
    expect([reply.status, reply.json]).toEqual([200, ['resold']]);
    expect((await fleet.sudo.get('/api/users')).json.total).toBe(6);
  });

  it('are deleted in the range that is named, never without one', async () => {
    const all = await fleet.sudo.delete('/api/users/expired');
    expect(all.status).toBe(422);
    expect(issues(all)).toEqual([
      'query.expired_before value_error: Value error, expired_after or expired_before must be given',
    ]);
    const reply = await fleet.sudo.delete('/api/users/expired?expired_before=2022-01-01');
    expect([reply.status, reply.json]).toEqual([200, ['old']]);
    expect((await fleet.sudo.get('/api/users')).json.total).toBe(6);
    const none = await fleet.sudo.delete('/api/users/expired?expired_before=2022-01-01');
    expect([none.status, none.json.detail]).toEqual([
      404,
      'No expired users found in the specified date range',
    ]);
  });

  it.each(['get', 'delete'] as const)('refuses ranges that are none: %s', async (method) => {
    const ask = (query: string) => fleet.sudo[method](`/api/users/expired?${query}`);
    const reversed = await ask('expired_after=2023-01-01&expired_before=2022-01-01Z');
    expect((await ask('expired_after=')).status).toBe(422);
    expect((await ask('expired_before=yesterday')).status).toBe(422);
    expect(reversed.status).toBe(422);
    const wrong = await ask('expired_after=2023-01-01&expired_before=2022-01-01T00:00:00Z');
    expect([wrong.status, wrong.json.detail]).toEqual([400, 'Start date must be before end date']);
  });
});

describe('resetting everybody', () => {
  it('counts from nothing again, lifts limits and remembers', async () => {
    await create('limited', { data_limit: 10, next_plan: { data_limit: 5 } });
    await create('late', { data_limit: 10, expire: 1_600_000_000 });
    await create('planned', { data_limit: 10, expire: 1_600_000_000, next_plan: { expire: future } });
    await create('held', { status: 'on_hold', on_hold_expire_duration: 60 });
    await create('disabled', {}, fleet.reseller);
    await fleet.sql('UPDATE user_usage SET used_traffic = 10');
    await fleet.sql("UPDATE users SET status = 'limited' WHERE username IN ('limited', 'late', 'planned')");
    await fleet.sudo.put('/api/user/disabled', { status: 'disabled' });
    expect((await fleet.reseller.post('/api/users/reset')).status).toBe(403);
    const reply = await fleet.sudo.post('/api/users/reset');
    expect([reply.status, reply.text]).toEqual([200, '{"detail":"Users successfully reset."}']);
    const after = { used_traffic: 0, lifetime_used_traffic: 10 };
    expect(await read('limited')).toMatchObject({ ...after, status: 'active', next_plan: { data_limit: 5 } });
    expect(await read('late')).toMatchObject({ ...after, status: 'expired' });
    expect(await read('planned')).toMatchObject({
      ...after,
      status: 'active',
      next_plan: { expire: future },
    });
    expect(await read('held')).toMatchObject({ ...after, status: 'on_hold', on_hold_expire_duration: 60 });
    expect(await read('disabled')).toMatchObject({ ...after, status: 'disabled' });
    expect(await fleet.sql('SELECT sum(used_traffic_at_reset)::int AS bytes FROM user_usage_logs')).toEqual([
      { bytes: 50 },
    ]);
  });
});
