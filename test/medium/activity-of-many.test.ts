import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PeriodicResets } from '../../src/features/users/lifecycle/periodic-resets.js';
import { Removals } from '../../src/features/users/lifecycle/removals.js';
import type { UserSnapshot } from '../../src/features/users/user-snapshot.js';
import { TELLS_NOBODY } from '../support/tells-nobody.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;

const DAY = 86_400_000;
const guard = async () => undefined;

// What is to be sent stays: no process sends it.
beforeAll(async () => {
  fleet = await startFleet({
    autoDelete: { days: 5, includesLimited: false },
    notifications: {
      ...TELLS_NOBODY,
      webhooks: { addresses: ['http://127.0.0.1:9/shop'], secret: undefined, allowPrivate: false },
      telegram: { token: '1:a', chats: [], proxyUrl: undefined, apiUrl: 'http://127.0.0.1:9' },
      retrySeconds: 3600,
    },
  });
  await fleet.sql(`UPDATE admins SET telegram_id = 77, users_usage = 2 ^ 60 WHERE username = 'reseller'`);
});
afterAll(() => fleet?.close());
beforeEach(async () => {
  await fleet.sql('DELETE FROM users');
  await forget();
});

const forget = () => fleet.sql('TRUNCATE activity, notification, notification_delivery');

/** Of everything that may be known of a user, something. */
const EVERYTHING = `
  data_limit = 9007199254740999, expire_at = '2025-01-02 03:04:05.067Z', hold_seconds = 3600,
  hold_until = '2030-01-01Z', held_when_disabled = true, auto_delete_in_days = 3,
  excluded_inbounds = '{"vless":["VLESS_A"]}', note = 'a "note"\n of 🚀', sub_revoked_at = '2024-05-06Z',
  sub_updated_at = '2024-05-07 00:00:00.001Z', sub_last_user_agent = 'v2rayNG/1', edited_at = '2024-05-08Z',
  created_at = '2024-01-01Z', status_changed_at = '2024-06-01Z', status = 'expired'`;

/** Two users that differ in nothing but their names; of everything they have something, or of nothing. */
async function twins(names: readonly [string, string], has: 'everything' | 'nothing'): Promise<void> {
  for (const username of names) {
    const reply = await fleet.reseller.post('/api/user', {
      username,
      proxies: {
        shadowsocks: { password: 'same-secret' },
        vless: { id: '5f3c6f1e-0d4b-4b53-9a53-0c8a1d5b7e11' },
      },
      ...(has === 'everything' && { next_plan: { data_limit: 2 ** 40, expire: 4_000_000_000 } }),
    });
    expect(reply.status).toBe(200);
  }
  await fleet.sql(
    `UPDATE users SET created_at = '2024-01-01Z', status_changed_at = '2024-06-01Z', status = 'expired'`,
  );
  if (has === 'nothing') return fleet.sql('UPDATE users SET admin_id = NULL').then(() => undefined);
  await fleet.sql(`UPDATE users SET ${EVERYTHING}`);
  await fleet.sql(
    `UPDATE user_usage SET used_traffic = 9007199254740995, reset_traffic = 9007199254740997, online_at = '2024-05-09Z'`,
  );
}

const noted = () =>
  fleet.sql<{ name: string; before: object; after: object | null; action: string }>(
    'SELECT action, subject_name AS name, before, after FROM activity ORDER BY id',
  );
const told = () =>
  fleet.sql<{
    username: string;
    user: UserSnapshot;
    targets: string[];
    action: string;
    extra: object | null;
  }>(`
    SELECT n.action, n.username, n."user", n.extra, array_agg(regexp_replace(d.target, ':.*', '') ORDER BY d.id) AS targets
      FROM notification n JOIN notification_delivery d ON d.notification_id = n.id GROUP BY n.id ORDER BY min(d.id)`);

describe.each(['everything', 'nothing'] as const)('a user that has %s', (has) => {
  it.each([
    ['an admin', () => fleet.sudo.delete('/api/users/expired?expired_before=2026-01-01T00:00:00')],
    ['its time', () => fleet.app.get(Removals, { strict: false }).removeDue({ at: new Date(), guard })],
  ])('is noted and told of the same, deleted with others by %s or alone', async (_, deleteAll) => {
    await twins(['one', 'two'], has);
    await fleet.sql(`UPDATE users SET expire_at = '2025-01-02 03:04:05.067Z'`);
    await forget();
    await fleet.sudo.delete('/api/user/one');
    await deleteAll();
    expect(await fleet.sql('SELECT FROM users')).toEqual([]);

    const [one, two] = await noted();
    expect({ ...two, name: 'one' }).toEqual(one);
    expect(JSON.stringify(two)).not.toContain('secret');
    const [first, second] = await told();
    expect(second).toEqual({
      ...first,
      username: 'two',
      user: { ...first!.user, id: second!.user.id, username: 'two' },
    });
    expect(second!.targets).toEqual(has === 'everything' ? ['webhook', 'telegram'] : ['webhook']);
  });
});

describe('a user that is active again with others', () => {
  it('is told of as it is afterwards, to whoever wants to know', async () => {
    await twins(['one', 'two'], 'everything');
    await fleet.sql(`UPDATE users SET status = 'limited', reset_strategy = 'day', expire_at = '2030-01-01Z'`);
    await fleet.sql(`UPDATE users SET admin_id = NULL WHERE username = 'two'`);
    await forget();
    const at = new Date(Math.floor(Date.now() / 1000) * 1000 + 2 * DAY);
    expect(await fleet.app.get(PeriodicResets, { strict: false }).resetDue({ at, guard })).toEqual({
      reset: 2,
      failed: 0,
    });

    const [one, two] = await told();
    expect([one, two]).toMatchObject([
      {
        action: 'user_enabled',
        username: 'one',
        extra: null,
        targets: ['webhook', 'telegram'],
        user: {
          status: 'active',
          usedTraffic: '0',
          resetTraffic: String(9_007_199_254_740_995n + 9_007_199_254_740_997n),
          statusChangedAt: at.toISOString(),
          nextPlan: { dataLimit: String(2 ** 40) },
          owner: { username: 'reseller', usersUsage: String(2n ** 60n) },
        },
      },
      { username: 'two', targets: ['webhook'], user: { owner: null } },
    ]);
    expect((await noted()).filter(({ action }) => action === 'user_enabled')).toEqual(
      ['one', 'two'].map((name) => ({
        action: 'user_enabled',
        name,
        before: { status: 'limited' },
        after: { status: 'active' },
      })),
    );
  });
});
