import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Config } from '../../src/config/config.js';
import { Removals } from '../../src/features/users/lifecycle/removals.js';
import { webhookTarget } from '../../src/shared/activity/targets.js';
import { TELLS_NOBODY } from '../support/tells-nobody.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const SHOP = 'https://shop.example/hook';
const DAY_MS = 86_400_000;
const NOW = new Date('2030-01-10T00:00:00.000Z');

let fleet: Fleet;
let removals: Removals;

beforeAll(async () => {
  const notifications = { ...TELLS_NOBODY, webhooks: { ...TELLS_NOBODY.webhooks, addresses: [SHOP] } };
  fleet = await startFleet({ notifications });
  removals = fleet.app.get(Removals, { strict: false });
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('TRUNCATE users, activity, notification CASCADE'));

/** So many days ago its status changed to this. */
const add = async (username: string, status: string, days: number, own: number | null = null) => {
  await fleet.sql(
    `WITH added AS (
       INSERT INTO users (username, admin_id, status, status_changed_at, auto_delete_in_days, proxies)
       VALUES ($1, (SELECT id FROM admins WHERE username = 'reseller'), $2::user_status, $3, $4,
               '{"vless":{"id":"11111111-1111-4111-8111-111111111111","flow":""}}') RETURNING id
     ) INSERT INTO user_usage (user_id, used_traffic) SELECT id, 10 FROM added`,
    [username, status, new Date(NOW.getTime() - days * DAY_MS), own],
  );
};
const run = (days: number, includesLimited = false) => {
  const rule = fleet.app.get(Config).autoDelete as { days: number; includesLimited: boolean };
  Object.assign(rule, { days, includesLimited });
  return removals.removeDue({ at: NOW, guard: async () => undefined });
};
const left = async () =>
  (await fleet.sql('SELECT username AS name FROM users ORDER BY id')).map(({ name }) => name as string);

it('deletes by default only who has days of its own', async () => {
  await add('own', 'expired', 3, 3);
  await add('early', 'expired', 2.9, 3);
  await add('never', 'expired', 900, -1);
  await add('endless', 'expired', 900, 2_147_483_647);
  await add('plain', 'expired', 900);
  await add('active', 'active', 900, 0);
  expect(await run(-1)).toEqual({ deleted: 1, failed: 0 });
  expect(await left()).toEqual(['early', 'never', 'endless', 'plain', 'active']);
});

it('deletes by the rule of all who has none of its own, and limited ones when told to', async () => {
  await add('expired', 'expired', 2);
  await add('early', 'expired', 1.9);
  await add('limited', 'limited', 2);
  await add('own', 'limited', 1, 1);
  await add('never', 'expired', 900, -1);
  await add('disabled', 'disabled', 900);
  expect(await run(2)).toEqual({ deleted: 1, failed: 0 });
  expect(await left()).toEqual(['early', 'limited', 'own', 'never', 'disabled']);
  expect(await run(2, true)).toEqual({ deleted: 2, failed: 0 });
  expect(await left()).toEqual(['early', 'never', 'disabled']);
});

it('tells that the system did it, and deletes all that is known of the user', async () => {
  await add('gone', 'expired', 5);
  await fleet.sql(
    `INSERT INTO node_user_usages (user_id, created_at, node_id, used_traffic) SELECT id, now(), 1, 1 FROM users`,
  );
  await run(0);
  expect(await fleet.sql('SELECT FROM node_user_usages')).toEqual([]);
  expect(
    await fleet.sql(
      `SELECT n.action, n.username, n.by, n."user"->>'usedTraffic' AS used, n."user"->'owner'->>'username' AS owner, d.target
         FROM notification n JOIN notification_delivery d ON d.notification_id = n.id`,
    ),
  ).toEqual([
    {
      action: 'user_deleted',
      username: 'gone',
      by: { username: 'system', is_sudo: true, telegram_id: null, discord_webhook: null, users_usage: null },
      used: '10',
      owner: 'reseller',
      target: webhookTarget(SHOP),
    },
  ]);
  expect(await fleet.sql('SELECT action, actor_kind, subject_name FROM activity')).toEqual([
    { action: 'user_deleted', actor_kind: 'system', subject_name: 'gone' },
  ]);
});

it('leaves out one that cannot be deleted', async () => {
  await add('anna', 'expired', 5);
  await add('stuck', 'expired', 5);
  await add('carl', 'expired', 5);
  await fleet.sql(
    `CREATE TABLE keeps AS SELECT id AS user_id FROM users WHERE username = 'stuck';
     ALTER TABLE keeps ADD FOREIGN KEY (user_id) REFERENCES users`,
  );
  try {
    expect(await run(0)).toEqual({ deleted: 2, failed: 1 });
    expect(await left()).toEqual(['stuck']);
  } finally {
    await fleet.sql('DROP TABLE keeps');
  }
});

it('deletes each once when two look at the same time, in batches', async () => {
  await fleet.sql(
    `INSERT INTO users (username, status, status_changed_at, proxies)
     SELECT 'u' || i, 'expired', '2020-01-01', '{}' FROM generate_series(1, 4500) i`,
  );
  await fleet.sql('INSERT INTO user_usage (user_id) SELECT id FROM users');
  const both = await Promise.all([run(0), run(0)]);
  expect(both[0]!.deleted + both[1]!.deleted).toBe(4500);
  expect(await fleet.sql(`SELECT count(*)::int FROM activity`)).toEqual([{ count: 4500 }]);
});
