import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Config } from '../../src/config/config.js';
import { Reminders } from '../../src/features/users/lifecycle/reminders.js';
import { TELLS_NOBODY } from '../support/tells-nobody.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const DAY_MS = 86_400_000;
const NOW = new Date('2030-01-10T00:00:00.000Z');
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY_MS);
const seconds = (at: Date) => Math.floor(at.getTime() / 1000);

let fleet: Fleet;
let reminders: Reminders;

beforeAll(async () => {
  fleet = await startFleet({
    notifications: {
      ...structuredClone(TELLS_NOBODY),
      webhooks: { ...TELLS_NOBODY.webhooks, addresses: ['https://shop.example/hook'] },
      usagePercents: [50, 80],
      daysLeft: [1, 3],
    },
  });
  reminders = fleet.app.get(Reminders, { strict: false });
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('TRUNCATE users, activity, notification CASCADE'));

const create = async (username: string, more: object) => {
  expect((await fleet.sudo.post('/api/user', { username, proxies: { vless: {} }, ...more })).status).toBe(
    200,
  );
};
const use = (bytes: number, name = 'alice') =>
  fleet.sql('UPDATE user_usage SET used_traffic = $1 FROM users WHERE id = user_id AND username = $2', [
    bytes,
    name,
  ]);
const change = (body: object) => fleet.sudo.put('/api/user/alice', body);
const remind = (now = NOW) => reminders.remindDue({ at: now, guard: async () => undefined });
/** What was told since the last time. */
const told = async () => {
  const rows = await fleet.sql(
    `DELETE FROM notification WHERE action LIKE 'reached%' RETURNING username AS of, action, by, extra`,
  );
  return rows
    .map(({ of, action, by, extra }) => ({ of, action, by, ...extra }))
    .toSorted((a, b) => (a.action < b.action ? -1 : 1));
};
const usage = (used_percent: number) => ({
  of: 'alice',
  action: 'reached_usage_percent',
  by: null,
  used_percent,
});
const daysLeft = (days_left: number) => ({ of: 'alice', action: 'reached_days_left', by: null, days_left });

describe('a reminder', () => {
  it('is told once for each threshold, and of the highest reached only', async () => {
    await create('alice', { data_limit: 300 });
    await create('bob', { data_limit: 300 });
    await create('carl', {});
    await use(1000, 'carl');
    expect(await remind()).toEqual({ reminders: 0, failed: 0 });
    await use(200);
    expect(await remind()).toEqual({ reminders: 1, failed: 0 });
    expect(await told()).toEqual([usage(200 / 3)]);
    expect(await remind()).toEqual({ reminders: 0, failed: 0 });
    await use(299);
    await remind();
    expect(await told()).toEqual([usage(29900 / 300)]);
    await use(300); // the review’s
    expect(await remind()).toEqual({ reminders: 0, failed: 0 });
  });

  it('of time is told with whole days, of the lowest threshold only', async () => {
    await create('alice', { expire: seconds(inDays(4)) });
    expect(await remind()).toEqual({ reminders: 0, failed: 0 });
    await remind(inDays(0.01));
    expect(await told()).toEqual([daysLeft(3)]);
    await remind(inDays(1.5));
    expect(await told()).toEqual([]);
    await remind(inDays(3.5));
    expect(await told()).toEqual([daysLeft(0)]);
    expect(await remind(inDays(4))).toEqual({ reminders: 0, failed: 0 });
  });

  it('is told once when several look at the same time, also in batches', async () => {
    await fleet.sql(
      `WITH added AS (INSERT INTO users (username, data_limit, expire_at, proxies)
         SELECT 'u' || i, 100, $1, '{}' FROM generate_series(1, 2500) i RETURNING id)
       INSERT INTO user_usage (user_id, used_traffic) SELECT id, 60 FROM added`,
      [inDays(2)],
    );
    const runs = await Promise.all([remind(), remind(), remind()]);
    expect(runs.reduce((sum, run) => sum + run.reminders, 0)).toBe(5000);
    expect(await fleet.sql('SELECT count(*)::int FROM notification')).toEqual([{ count: 5000 }]);
    expect(await fleet.sql('SELECT count(*)::int FROM notification_delivery')).toEqual([{ count: 5000 }]);
  });

  it('is not repeated when the clock jumps', async () => {
    await create('alice', { data_limit: 100, expire: seconds(inDays(3)) });
    await use(60);
    for (const days of [0, -300, 0.5, 300, 0, -1]) await remind(inDays(days));
    expect(await told()).toHaveLength(2);
  });

  it.each([
    ['a reset', () => fleet.sudo.post('/api/user/alice/reset')],
    ['a reset of everybody', () => fleet.sudo.post('/api/users/reset')],
    ['a next plan', () => fleet.sudo.post('/api/user/alice/active-next')],
    ['a limit that is not reached', () => change({ data_limit: 1000 })],
  ])('of traffic comes again after %s', async (_, act) => {
    await create('alice', {
      data_limit: 100,
      expire: seconds(inDays(3)),
      next_plan: { data_limit: 100, expire: seconds(inDays(3)) },
    });
    await use(60);
    await remind();
    expect(await told()).toHaveLength(2);
    await act();
    expect(await remind()).toEqual({ reminders: 0, failed: 0 });
    await use(600);
    await change({ data_limit: 1000 });
    await remind();
    expect(await told()).toEqual([usage(60)]);
  });

  it('of traffic does not come again with a limit under which it is reached, too', async () => {
    await create('alice', { data_limit: 100 });
    await use(60);
    await remind();
    await change({ data_limit: 110 });
    await remind();
    expect(await told()).toHaveLength(1);
  });

  it('of time comes again with another expiry, and only then', async () => {
    await create('alice', { expire: seconds(inDays(3)) });
    await remind();
    await change({ note: 'x', expire: seconds(inDays(3)) });
    await remind();
    expect(await told()).toEqual([daysLeft(3)]);
    await change({ expire: seconds(inDays(2)) });
    await remind();
    expect(await told()).toEqual([daysLeft(2)]);
  });

  it('is forgotten with its user, and when it is stale', async () => {
    await create('alice', { data_limit: 100, expire: seconds(inDays(3)) });
    await create('bob', { data_limit: 100, expire: seconds(inDays(3)) });
    for (const name of ['alice', 'bob']) await use(60, name);
    await remind();
    await fleet.sudo.delete('/api/user/bob');
    expect(await fleet.sql('SELECT FROM user_reminders')).toHaveLength(2);
    const forget = (now: Date) => reminders.forgetStale({ at: now, guard: async () => undefined });
    expect(await forget(NOW)).toEqual({ removed: 0 });
    await use(10);
    expect(await forget(NOW)).toEqual({ removed: 1 });
    expect(await forget(inDays(4))).toEqual({ removed: 1 });
  });

  it('that is switched off is neither told nor remembered', async () => {
    const { wanted } = fleet.app.get(Config).notifications as { wanted: Record<string, boolean> };
    await create('alice', { data_limit: 100, expire: seconds(inDays(2)) });
    await use(60);
    try {
      Object.assign(wanted, { usagePercent: false, daysLeft: false });
      expect(await remind()).toEqual({ reminders: 0, failed: 0 });
      wanted.daysLeft = true;
      await remind();
      expect(await told()).toEqual([daysLeft(2)]);
      expect(await fleet.sql('SELECT kind FROM user_reminders')).toEqual([{ kind: 'expiration_date' }]);
    } finally {
      Object.assign(wanted, { usagePercent: true, daysLeft: true });
    }
  });
});
