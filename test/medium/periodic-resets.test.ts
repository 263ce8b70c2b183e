import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RESET_STRATEGIES } from '../../src/features/users/domain/user.js';
import { nextReset } from '../../src/features/users/domain/periodic-reset.js';
import { UserReviews } from '../../src/features/users/index.js';
import { PeriodicResets } from '../../src/features/users/lifecycle/periodic-resets.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const DAY_MS = 86_400_000;

let fleet: Fleet;
let resets: PeriodicResets;
let created: Date;

beforeAll(async () => {
  fleet = await startFleet();
  resets = fleet.app.get(PeriodicResets, { strict: false });
});
afterAll(() => fleet?.close());
beforeEach(async () => {
  await fleet.sql('DELETE FROM users');
  [{ created }] = (await fleet.sql<{ created: Date }>('SELECT now()::timestamptz(3) AS created')) as [
    { created: Date },
  ];
});

const create = async (username: string, more: object = {}) => {
  const body = { username, proxies: { vless: {} }, data_limit_reset_strategy: 'day', ...more };
  expect((await fleet.sudo.post('/api/user', body)).status).toBe(200);
  await fleet.sql('UPDATE users SET created_at = $2 WHERE username = $1', [username, created]);
  await fleet.sql(
    `UPDATE user_usage SET used_traffic = 10, next_reset_at = next_reset_at(reset_strategy, $2)
       FROM users WHERE user_id = id AND username = $1`,
    [username, created],
  );
};
const at = (days: number, ms = 0) => new Date(created.getTime() + days * DAY_MS + ms);
const run = (now: Date) => resets.resetDue({ at: now, guard: async () => undefined });
const read = async (name: string) => (await fleet.sudo.get(`/api/user/${name}`)).json;
const setStatus = (name: string, status: string) =>
  fleet.sql('UPDATE users SET status = $2::user_status WHERE username = $1', [name, status]);
const nextOf = async (name: string) => {
  const rows = await fleet.sql<{ at: Date | null }>(
    'SELECT next_reset_at AS at FROM user_usage JOIN users ON id = user_id WHERE username = $1',
    [name],
  );
  return rows[0]!.at;
};
const use = () => fleet.sql('UPDATE user_usage SET used_traffic = used_traffic + 10');

describe('a periodic reset', () => {
  it('comes when a period is over, to the millisecond, and keeps what was used', async () => {
    await create('alice');
    await create('bob', { data_limit_reset_strategy: 'no_reset' });
    expect(await run(at(1, -1))).toEqual({ reset: 0, failed: 0 });
    expect(await run(at(1))).toEqual({ reset: 1, failed: 0 });
    expect(await read('alice')).toMatchObject({ used_traffic: 0, lifetime_used_traffic: 10 });
    expect(await read('bob')).toMatchObject({ used_traffic: 10 });
    expect(
      await fleet.sql('SELECT used_traffic_at_reset AS bytes, reset_at AS at FROM user_usage_logs'),
    ).toEqual([{ bytes: 10n, at: at(1) }]);
    expect(await run(at(1))).toEqual({ reset: 0, failed: 0 });
  });

  it('keeps in step when it is late, and makes up once for all that were missed', async () => {
    await create('alice');
    await run(at(1, 5 * 3_600_000));
    expect(await nextOf('alice')).toEqual(at(2));
    expect(await run(at(7, 1))).toEqual({ reset: 1, failed: 0 });
    expect(await nextOf('alice')).toEqual(at(8));
  });

  it('gives limited users their access back, and keeps plans and history', async () => {
    await create('limited', { data_limit: 10, next_plan: { data_limit: 5 } });
    await create('late', { data_limit: 10, expire: Math.floor(at(1).getTime() / 1000) - 60 });
    await create('planned', {
      data_limit: 10,
      expire: Math.floor(at(1).getTime() / 1000) - 60,
      next_plan: {},
    });
    for (const name of ['limited', 'late', 'planned']) await setStatus(name, 'limited');
    await fleet.sql(
      `INSERT INTO node_user_usages (user_id, created_at, node_id, used_traffic) SELECT id, now(), 1, 10 FROM users`,
    );
    await fleet.sql('DELETE FROM user_change');
    await fleet.sql('DELETE FROM activity');
    expect(await run(at(1))).toEqual({ reset: 3, failed: 0 });
    expect(await read('limited')).toMatchObject({
      status: 'active',
      used_traffic: 0,
      next_plan: { data_limit: 5 },
    });
    expect(await read('late')).toMatchObject({ status: 'expired', used_traffic: 0 });
    expect(await read('planned')).toMatchObject({ status: 'active', next_plan: { expire: null } });
    expect(await fleet.sql('SELECT email FROM user_change ORDER BY seq')).toHaveLength(2); // for the nodes
    expect(await fleet.sql('SELECT FROM node_user_usages')).toHaveLength(3);
    expect(
      await fleet.sql(
        'SELECT action, actor_kind AS by, subject_name AS of, before, after FROM activity ORDER BY id',
      ),
    ).toEqual([
      ...['limited', 'late', 'planned'].map((of) => ({
        action: 'data_usage_reset',
        by: 'system',
        of,
        before: { usedTraffic: '10' },
        after: { usedTraffic: '0' },
      })),
      ...[
        ['limited', 'active'],
        ['late', 'expired'],
        ['planned', 'active'],
      ].map(([of, status]) => ({
        action: status === 'active' ? 'user_enabled' : 'user_expired',
        by: 'system',
        of,
        before: { status: 'limited' },
        after: { status },
      })),
    ]);
    expect(await fleet.sql('SELECT DISTINCT status_changed_at AS at FROM users')).toEqual([{ at: at(1) }]);
  });

  it.each(['disabled', 'expired', 'on_hold'])(
    'waits for a user that is %s to be active again',
    async (status) => {
      await create('alice');
      await setStatus('alice', status);
      expect(await run(at(3))).toEqual({ reset: 0, failed: 0 });
      expect(await read('alice')).toMatchObject({ status, used_traffic: 10 });
      expect(await fleet.sql('SELECT reset_waits AS waits FROM user_usage')).toEqual([{ waits: true }]);
      await setStatus('alice', 'active');
      expect(await run(at(3, 1))).toEqual({ reset: 1, failed: 0 });
      expect(await nextOf('alice')).toEqual(at(4));
    },
  );

  it('leaves one user out that spoils it, and says so', async () => {
    for (const name of ['anna', 'bad', 'carl', 'dora']) await create(name);
    await fleet.sql(
      `UPDATE user_usage SET reset_traffic = 9223372036854775807
        WHERE user_id = (SELECT id FROM users WHERE username = 'bad')`,
    );
    expect(await run(at(1))).toEqual({ reset: 3, failed: 1 });
    expect((await read('bad')).used_traffic).toBe(10);
    expect((await read('dora')).used_traffic).toBe(0);
  });

  it('comes once when two look at the same time', async () => {
    await create('alice');
    const both = await Promise.all([run(at(1)), run(at(1))]);
    expect(both[0]!.reset + both[1]!.reset).toBe(1);
    expect((await read('alice')).lifetime_used_traffic).toBe(10);
  });

  it('is not repeated when the clock is set back, nor forward and back', async () => {
    await create('alice');
    const times = [1, 0.5, 1.5, 10, 1.6, 2, 9, 10.9];
    const counts: number[] = [];
    for (const days of times) {
      await use();
      counts.push((await run(at(days))).reset);
    }
    expect(counts).toEqual([1, 0, 0, 1, 0, 0, 0, 0]);
    expect(await run(at(11))).toEqual({ reset: 1, failed: 0 });
  });
});

describe('the period of a user', () => {
  it.each(RESET_STRATEGIES)('is as long in the database as it is here: %s', async (strategy) => {
    const [row] = await fleet.sql<{ at: Date | null }>(
      'SELECT next_reset_at($1::reset_strategy, $2::timestamptz) AS at',
      [strategy, created],
    );
    expect(row!.at).toEqual(nextReset(strategy, created));
  });

  it('begins when the user is made, and anew with another strategy', async () => {
    await fleet.sudo.post('/api/user', {
      username: 'alice',
      proxies: { vless: {} },
      data_limit_reset_strategy: 'week',
    });
    const [row] = await fleet.sql<{ at: Date }>('SELECT created_at AS at FROM users');
    expect(await nextOf('alice')).toEqual(nextReset('week', row!.at));
    await fleet.sql(`UPDATE user_usage SET next_reset_at = '2020-01-01'`);
    await fleet.sudo.put('/api/user/alice', { data_limit_reset_strategy: 'week', note: 'the same' });
    expect(await nextOf('alice')).toEqual(new Date('2020-01-01'));
    await fleet.sudo.put('/api/user/alice', { data_limit_reset_strategy: 'day' });
    expect((await nextOf('alice'))!.getTime()).toBeGreaterThan(created.getTime() + DAY_MS - 60_000);
    await fleet.sudo.put('/api/user/alice', { data_limit_reset_strategy: 'no_reset' });
    expect(await nextOf('alice')).toBeNull();
  });
});

describe('a new period begins', () => {
  const aDayFrom = (since: Date) => nextReset('day', since)!.getTime();

  it.each([
    ['with a reset by hand', () => fleet.sudo.post('/api/user/alice/reset')],
    ['with a reset of everybody', () => fleet.sudo.post('/api/users/reset')],
    ['with a next plan by hand', () => fleet.sudo.post('/api/user/alice/active-next')],
    ['with a next plan that is due', () => fleet.app.get(UserReviews, { strict: false }).reviewStatuses()],
  ])('%s', async (_, act) => {
    await create('alice', { data_limit: 10, next_plan: { data_limit: 10, add_remaining_traffic: false } });
    await fleet.sql(`UPDATE user_usage SET next_reset_at = '2020-01-01', reset_waits = true`);
    await act();
    expect((await nextOf('alice'))!.getTime()).toBeGreaterThanOrEqual(aDayFrom(created));
    expect(await read('alice')).toMatchObject({ used_traffic: 0, lifetime_used_traffic: 10 });
    expect(await fleet.sql('SELECT reset_waits AS waits FROM user_usage')).toEqual([{ waits: false }]);
  });
});
