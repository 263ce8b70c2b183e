import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { UserReviews } from '../../../src/features/users/index.js';
import { eventually } from '../../support/eventually.js';
import { tellsShops } from '../../support/notices.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';
import { WebhookTarget } from '../../support/webhook-target.js';

vi.setConfig({ testTimeout: 180_000 });

/** More than two of the batches that are disabled and activated in one transaction. */
const USERS = 10_500;
/** Of them were on hold. */
const HELD = 2_100;

let target: WebhookTarget;
let fleet: Fleet;
beforeAll(async () => {
  target = await WebhookTarget.start();
  fleet = await startFleet(tellsShops([target.address]));
  await fleet.sql(
    `INSERT INTO users (username, admin_id, status, hold_seconds, proxies)
     SELECT 'u' || n, (SELECT id FROM admins WHERE username = 'reseller'),
            CASE WHEN n % 5 = 0 THEN 'on_hold' ELSE 'active' END::user_status, CASE WHEN n % 5 = 0 THEN 60 END,
            '{"vless":{"id":"5f3c6f1e-0d4b-4b53-9a53-0c8a1d5b7e11","flow":""}}'
       FROM generate_series(1, $1::int) n`,
    [USERS],
  );
  await fleet.sql('INSERT INTO user_usage (user_id) SELECT id FROM users');
});
afterAll(async () => {
  await fleet?.close();
  await target?.close();
});

const statuses = () => fleet.sql('SELECT status, count(*)::int AS users FROM users GROUP BY 1 ORDER BY 1');
/** Which actions are noted of a user, in their order, and of how many users. */
const stories = () =>
  fleet.sql(
    `SELECT actions, count(*)::int AS users
       FROM (SELECT subject_id, array_agg(action || ' by ' || coalesce(actor_name, actor_kind) ORDER BY id) AS actions
               FROM activity WHERE subject_kind = 'user' GROUP BY 1) a GROUP BY 1`,
  );

it('thousands of users of an admin that are disabled and activated at once are all noted, and nobody is told', async () => {
  const all = (what: string) => fleet.sudo.post(`/api/admin/reseller/users/${what}`);
  expect((await all('disable')).status).toBe(200);
  expect(await statuses()).toEqual([{ status: 'disabled', users: USERS }]);
  expect((await all('activate')).status).toBe(200);
  expect(await statuses()).toEqual([
    { status: 'active', users: USERS - HELD },
    { status: 'on_hold', users: HELD },
  ]);
  expect(await stories()).toEqual([
    { actions: ['user_disabled by root', 'user_enabled by root'], users: USERS },
  ]);
  expect(await fleet.sql('SELECT FROM notification')).toEqual([]);
});

it('thousands of users that expire and are deleted at once are all noted and told of, each in its order', async () => {
  await fleet.sql(`UPDATE users SET status = 'active', expire_at = now() - interval '1 hour'`);
  await fleet.sql('TRUNCATE activity');
  expect(await fleet.app.get(UserReviews, { strict: false }).reviewStatuses()).toBe(USERS);
  const reply = await fleet.sudo.delete(`/api/users/expired?expired_before=${new Date().toISOString()}`);
  expect([reply.status, reply.json.length]).toEqual([200, USERS]);
  expect(await fleet.sql('SELECT FROM users')).toEqual([]);
  expect(await stories()).toEqual([
    { actions: ['user_expired by system', 'user_deleted by root'], users: USERS },
  ]);

  await eventually(
    async () =>
      (await fleet.sql(`SELECT FROM notification_delivery WHERE state <> 'delivered'`)).length === 0,
    120_000,
  );
  const told = new Map<string, string[]>();
  for (const { username, action } of target.received.flatMap(({ events }) => events)) {
    told.set(username, [...(told.get(username) ?? []), action]);
  }
  expect(told.size).toBe(USERS);
  expect([...told.values()].filter((actions) => actions.join() !== 'user_expired,user_deleted')).toEqual([]);
});
