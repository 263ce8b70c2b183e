import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { UserReviews } from '../../src/features/users/index.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { eventually } from '../support/eventually.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const [FIRST, LAST] = [1_000, 1_049];

let fleet: Fleet;
/** Somebody else in the middle of a transaction. */
let other: pg.Client;

beforeAll(async () => {
  fleet = await startFleet();
  other = new pg.Client(clientOptions(fleet.connection));
  await other.connect();
});
afterAll(async () => {
  await other?.end();
  await fleet?.close();
});

beforeEach(async () => {
  await other.query('ROLLBACK'); // of a test that failed
  await fleet.sql('DELETE FROM users');
  // The last comes first in the tables, where whoever follows no order finds it first.
  await fleet.sql(
    `INSERT INTO users (id, username, admin_id, status, proxies, data_limit, expire_at)
     SELECT i, 'u' || i, (SELECT id FROM admins WHERE username = 'reseller'),
            CASE WHEN i % 2 = 0 THEN 'active' ELSE 'expired' END::user_status, '{}', 10, now() - interval '1 day'
       FROM generate_series($1::int, $2::int) i ORDER BY i DESC`,
    [FIRST, LAST],
  );
  await fleet.sql(
    `INSERT INTO user_usage (user_id, used_traffic) SELECT i, 10 FROM generate_series($1::int, $2::int) i ORDER BY i DESC`,
    [FIRST, LAST],
  );
  await fleet.sql('INSERT INTO next_plans (user_id) SELECT id FROM users WHERE id % 2 = 0');
  await fleet.sql('ANALYZE users, user_usage, next_plans');
});

const review = () => fleet.app.get(UserReviews, { strict: false }).reviewStatuses(new Date());

it.each<[string, () => Promise<unknown>]>([
  ['resets all users', () => fleet.sudo.post('/api/users/reset')],
  ['fires next plans', review],
  ['deletes expired users', () => fleet.sudo.delete('/api/users/expired?expired_after=2001-01-01')],
])('who %s takes their traffic in the order of ids', async (_, act) => {
  await other.query('BEGIN');
  await other.query('SELECT FROM user_usage WHERE user_id IN ($1, $1 + 1) FOR NO KEY UPDATE', [FIRST]);
  const acting = act();
  await somebodyWaits();
  const last = 'SELECT FROM user_usage WHERE user_id IN ($1, $1 - 1) FOR NO KEY UPDATE NOWAIT';
  expect((await other.query(last, [LAST])).rowCount).toBe(2); // as a poll that goes on from the first to the last
  await other.query('COMMIT');
  await acting;
});

it('who deletes an admin takes the users first', async () => {
  await fleet.sudo.post('/api/admin', {
    username: 'passing',
    password: 'a password of a while',
    is_sudo: false,
  });
  await fleet.sql(`UPDATE users SET admin_id = (SELECT id FROM admins WHERE username = 'passing')`);
  await other.query('BEGIN');
  await other.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [FIRST]);
  const acting = fleet.sudo.delete('/api/admin/passing');
  await somebodyWaits();
  await other.query(`SELECT FROM admins WHERE username = 'passing' FOR NO KEY UPDATE NOWAIT`);
  await other.query('COMMIT');
  expect((await acting).status).toBe(200);
  expect(await fleet.sql('SELECT FROM users WHERE admin_id IS NOT NULL')).toEqual([]);
});

it('who tells the nodes of something does not wait for those who write what belongs to them', async () => {
  await fleet.sql(`INSERT INTO nodes (kind, name, address) VALUES ('pg_node', 'n', 'none')`);
  await other.query('BEGIN');
  await other.query('SELECT FROM nodes FOR KEY SHARE'); // as each insertion that refers to a node
  expect((await fleet.sudo.post('/api/core/restart')).status).toBe(200);
  await other.query('COMMIT');
});

async function somebodyWaits(): Promise<void> {
  await eventually(async () => {
    const waiting = await fleet.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  });
}
