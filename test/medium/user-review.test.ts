import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserReviews } from '../../src/features/users/index.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;
let users: UserReviews;

beforeAll(async () => {
  fleet = await startFleet();
  users = fleet.app.get(UserReviews, { strict: false });
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('DELETE FROM users'));

const past = Math.floor(Date.now() / 1000) - 60;
const future = past + 1_000_000;

const create = async (username: string, more: object = {}) => {
  const reply = await fleet.sudo.post('/api/user', { username, proxies: { vless: {} }, ...more });
  expect(reply.status).toBe(200);
};
const read = async (name: string) => (await fleet.sudo.get(`/api/user/${name}`)).json;
const use = (name: string, bytes: number) =>
  fleet.sql(
    'UPDATE user_usage SET used_traffic = used_traffic + $2, online_at = now() WHERE user_id = (SELECT id FROM users WHERE username = $1)',
    [name, bytes],
  );
const idOf = async (name: string) =>
  (await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [name]))[0]!.id;

describe('the review', () => {
  it('limits, expires and starts who is due, and nobody else', async () => {
    await create('limited', { data_limit: 10 });
    await create('under', { data_limit: 11 });
    await create('expired', { expire: past });
    await create('timely', { expire: future });
    await create('both', { data_limit: 10, expire: past });
    await create('held', { status: 'on_hold', on_hold_expire_duration: 3600 });
    await create('waiting', { status: 'on_hold', on_hold_expire_duration: 3600 });
    await create('waited', { status: 'on_hold', on_hold_expire_duration: 3600, on_hold_timeout: past });
    for (const name of ['limited', 'under', 'both', 'held']) await use(name, 10);

    expect(await users.reviewStatuses(new Date())).toBe(5);
    const statuses = await fleet.sql('SELECT username, status::text FROM users ORDER BY id');
    expect(Object.fromEntries(statuses.map((row) => [row.username, row.status]))).toEqual({
      limited: 'limited',
      under: 'active',
      expired: 'expired',
      timely: 'active',
      both: 'limited',
      held: 'active',
      waiting: 'on_hold',
      waited: 'active',
    });
    const started = await read('held');
    expect(started).toMatchObject({ on_hold_expire_duration: null, on_hold_timeout: null });
    expect(Math.abs(started.expire - Date.now() / 1000 - 3600)).toBeLessThan(10);
    expect(await users.reviewStatuses(new Date())).toBe(0);
  });

  it('tells the nodes of users who come or go, and of no others', async () => {
    await create('limited', { data_limit: 10 });
    await create('held', { status: 'on_hold', on_hold_expire_duration: 60 });
    await use('limited', 10);
    await use('held', 10);
    await fleet.sql('DELETE FROM user_change');
    await users.reviewStatuses(new Date());
    expect(await fleet.sql('SELECT email FROM user_change')).toEqual([
      { email: `${await idOf('limited')}.limited` },
    ]);
  });

  it('leaves a held user the time that was paid for', async () => {
    await create('renewed', { status: 'on_hold', on_hold_expire_duration: 86_400 });
    await create('reset', { status: 'on_hold', on_hold_expire_duration: 86_400 });
    await fleet.sudo.post('/api/user/reset/reset');
    for (const name of ['renewed', 'reset']) {
      expect((await fleet.sudo.put(`/api/user/${name}`, { expire: future })).json).toMatchObject({
        status: 'active',
        expire: future,
        on_hold_expire_duration: null,
      });
      await use(name, 10);
    }
    expect(await users.reviewStatuses(new Date())).toBe(0);
    expect((await read('renewed')).expire).toBe(future);
    expect((await read('reset')).expire).toBe(future);
  });

  it('never takes an expiry away that a held user has from before', async () => {
    await create('imported', { status: 'on_hold', on_hold_expire_duration: 86_400 });
    await fleet.sql('UPDATE users SET expire_at = to_timestamp($1)', [future]);
    await use('imported', 10);
    expect(await users.reviewStatuses(new Date())).toBe(1);
    expect(await read('imported')).toMatchObject({ status: 'active', expire: future });
  });

  it('moves the time of the status', async () => {
    await create('expired', { expire: past });
    const at = new Date(Date.now() + 5_000);
    await users.reviewStatuses(at);
    expect(await fleet.sql('SELECT status_changed_at AS at FROM users')).toEqual([{ at }]);
  });

  it('looks only at the users it is told of', async () => {
    await create('one', { data_limit: 10 });
    await create('two', { data_limit: 10 });
    await use('one', 10);
    await use('two', 10);
    expect(await users.reviewUsers([await idOf('one'), 1_000_000], new Date())).toBe(1);
    expect((await read('two')).status).toBe('active');
    expect(await users.reviewUsers([], new Date())).toBe(0);
  });

  it('sees a user in the state that another change leaves behind', async () => {
    await create('raced', { data_limit: 10 });
    await use('raced', 10);
    const [changed, reviewed] = await Promise.all([
      fleet.sudo.put('/api/user/raced', { status: 'disabled' }),
      users.reviewStatuses(new Date()),
    ]);
    expect(changed.json.status).toBe('disabled');
    expect((await read('raced')).status).toBe('disabled');
    expect(reviewed).toBeLessThanOrEqual(1);
  });

  it.each([
    ['of all', () => users.reviewStatuses(new Date())],
    [
      'of those it is told of',
      async () => users.reviewUsers(await Promise.all(['anna', 'bad', 'carl'].map(idOf)), new Date()),
    ],
  ])('%s leaves one user out that spoils it', async (_, review) => {
    for (const name of ['anna', 'bad', 'carl']) await create(name, { data_limit: 10 });
    await fleet.sql(`INSERT INTO next_plans (user_id) VALUES ($1)`, [await idOf('bad')]);
    await fleet.sql('UPDATE user_usage SET reset_traffic = 9223372036854775807');
    for (const name of ['anna', 'bad', 'carl']) await use(name, 10);
    expect(await review()).toBe(2);
    const statuses = await fleet.sql('SELECT status::text FROM users ORDER BY id');
    expect(statuses.map(({ status }) => status)).toEqual(['limited', 'active', 'limited']);
  });

  it('reviews thousands in one go', async () => {
    await fleet.sql(
      `INSERT INTO users (username, data_limit, proxies) SELECT 'u' || i, 10, '{"vless":{"id":"x","flow":""}}' FROM generate_series(1, 3000) i`,
    );
    await fleet.sql('INSERT INTO user_usage (user_id, used_traffic) SELECT id, 10 FROM users');
    const counts = await Promise.all([users.reviewStatuses(new Date()), users.reviewStatuses(new Date())]);
    expect(counts[0]! + counts[1]!).toBe(3000);
    expect(await fleet.sql("SELECT count(*)::int FROM users WHERE status = 'limited'")).toEqual([
      { count: 3000 },
    ]);
  });
});

describe('a next plan', () => {
  it('takes over limit and expiry, once, and logs what was used', async () => {
    const next_plan = { data_limit: 500, expire: future, add_remaining_traffic: true };
    await create('planned', { data_limit: 100, expire: past, next_plan });
    await use('planned', 30);
    expect(await users.reviewStatuses(new Date())).toBe(1);
    expect(await read('planned')).toMatchObject({
      status: 'active',
      data_limit: 570,
      expire: future,
      used_traffic: 0,
      lifetime_used_traffic: 30,
      next_plan: null,
    });
    expect(await fleet.sql('SELECT used_traffic_at_reset AS bytes FROM user_usage_logs')).toEqual([
      { bytes: 30n },
    ]);
    expect(await users.reviewStatuses(new Date())).toBe(0);
  });

  it('that needs limit and time finds the user when the second comes', async () => {
    await create('planned', { data_limit: 10, expire: future, next_plan: { fire_on_either: false } });
    await use('planned', 10);
    await users.reviewStatuses(new Date());
    expect((await read('planned')).status).toBe('limited');
    await fleet.sql("UPDATE users SET expire_at = now() - interval '1 s'");
    await users.reviewStatuses(new Date());
    expect(await read('planned')).toMatchObject({
      status: 'active',
      data_limit: null,
      expire: null,
      next_plan: null,
    });
  });
});
