import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('DELETE FROM users'));

const create = (username: string, more: object = {}, client = fleet.reseller) =>
  client.post('/api/user', { username, proxies: { vless: {} }, ...more });
const read = async (name: string) => (await fleet.sudo.get(`/api/user/${name}`)).json;
const disable = (client = fleet.sudo, name = 'reseller') => client.post(`/api/admin/${name}/users/disable`);
const activate = (client = fleet.sudo, name = 'reseller') => client.post(`/api/admin/${name}/users/activate`);

/** Every user's status, by name. */
async function statuses(): Promise<Record<string, string>> {
  const { users } = (await fleet.sudo.get('/api/users')).json as {
    users: { username: string; status: string }[];
  };
  return Object.fromEntries(users.map(({ username, status }) => [username, status]));
}

describe('disabling the users of an admin', () => {
  beforeEach(async () => {
    await create('active');
    await create('held', { status: 'on_hold', on_hold_expire_duration: 60 });
    await create('limited');
    await create('expired');
    await create('disabled');
    await create('foreign', {}, fleet.sudo);
    await fleet.sudo.put('/api/user/disabled', { status: 'disabled' });
    await fleet.sql("UPDATE users SET status = 'limited' WHERE username = 'limited'");
    await fleet.sql("UPDATE users SET status = 'expired' WHERE username = 'expired'");
  });

  it('cuts off those that are served, and activating gives them the status they had', async () => {
    const before = await statuses();
    const off = await disable();
    expect([off.status, off.text]).toEqual([200, '{"detail":"Users successfully disabled"}']);
    expect(await statuses()).toEqual({
      active: 'disabled',
      held: 'disabled',
      limited: 'limited',
      expired: 'expired',
      disabled: 'disabled',
      foreign: 'active',
    });
    const on = await activate();
    expect([on.status, on.text]).toEqual([200, '{"detail":"Users successfully activated"}']);
    expect(await statuses()).toEqual(before);
    expect(await read('held')).toMatchObject({ on_hold_expire_duration: 60, expire: null });
  });

  it('is told to the nodes once for each user that is cut off', async () => {
    await fleet.sql('DELETE FROM user_change');
    await disable();
    const changed = () => fleet.sql<{ email: string }>('SELECT email FROM user_change ORDER BY email');
    expect((await changed()).map(({ email }) => email.split('.')[1])).toEqual(['active', 'held']);
  });

  it('can be said twice', async () => {
    const before = await statuses();
    await disable();
    expect((await disable()).status).toBe(200);
    await activate();
    expect((await activate()).status).toBe(200);
    expect(await statuses()).toEqual(before);
  });

  it('is forgotten for whoever gets another status in between', async () => {
    await disable();
    await fleet.sudo.put('/api/user/active', { status: 'active' });
    await fleet.sudo.put('/api/user/active', { status: 'disabled' });
    await activate();
    expect(await statuses()).toMatchObject({ active: 'disabled', held: 'on_hold' });
  });

  it('is forgotten for whoever is reset in between, whose time then runs', async () => {
    await disable();
    expect((await fleet.sudo.post('/api/user/active/reset')).json.status).toBe('active');
    const started = (await fleet.sudo.post('/api/user/held/reset')).json;
    expect(started).toMatchObject({ status: 'active', expire: expect.any(Number) });
    await activate();
    expect(await read('held')).toEqual(started);
    expect(await statuses()).toMatchObject({ active: 'active', limited: 'limited', disabled: 'disabled' });
  });

  it('does not bring a hold back that ended with a paid expiry', async () => {
    await disable();
    const paid = (await fleet.sudo.put('/api/user/held', { expire: 4_000_000_000 })).json;
    expect(paid).toMatchObject({ status: 'disabled', on_hold_expire_duration: null });
    await activate();
    expect(await read('held')).toEqual({ ...paid, status: 'active' });
  });

  it('outlasts other changes', async () => {
    await disable();
    await fleet.sudo.put('/api/user/active', { note: 'owes nothing' });
    await activate();
    expect(await read('active')).toMatchObject({ status: 'active', note: 'owes nothing' });
  });

  it.each([
    ['disable', disable],
    ['activate', activate],
  ])('is for sudo admins: %s', async (_, act) => {
    const answer = async (client: Fleet['sudo'], name?: string) => {
      const reply = await act(client, name);
      return [reply.status, reply.json.detail];
    };
    expect(await answer(fleet.client())).toEqual([401, 'Not authenticated']);
    expect(await answer(fleet.client(), 'nobody')).toEqual([401, 'Not authenticated']);
    expect(await answer(fleet.reseller)).toEqual([403, "You're not allowed"]);
    expect(await answer(fleet.sudo, 'nobody')).toEqual([404, 'Admin not found']);
    expect(await statuses()).toMatchObject({ active: 'active' });
  });

  it('holds up nobody while it is done to 100,000 users', async () => {
    await fleet.sql(
      `INSERT INTO users (username, admin_id, proxies)
       SELECT 'many_' || n, (SELECT id FROM admins WHERE username = 'reseller'), '{"vless":{}}'
         FROM generate_series(1, 100000) n`,
    );
    const since = performance.now();
    const done = disable();
    let slowest = 0;
    for (let answered = false; !answered;) {
      const asked = performance.now();
      answered = await Promise.race([done.then(() => true), fleet.sudo.get('/api/admin').then(() => false)]);
      slowest = Math.max(slowest, performance.now() - asked);
    }
    expect((await done).status).toBe(200);
    const total = performance.now() - since;
    expect(await fleet.sql("SELECT count(*)::int AS n FROM users WHERE status = 'disabled'")).toEqual([
      { n: 100_003 },
    ]);
    expect(slowest).toBeLessThan(total / 2);
  }, 120_000);
});
