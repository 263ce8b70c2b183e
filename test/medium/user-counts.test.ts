import pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserCounting } from '../../src/features/system/user-counting.js';
import { clientOptions, dataSourceOptions } from '../../src/shared/database/data-source.js';
import { InitialSchema1764028800000 } from '../../migrations/1764028800000-initial-schema.js';
import { UserCounts1764288060000 } from '../../migrations/1764288060000-user-counts.js';
import { startApp, type TestApp, type TestClient } from '../support/app.js';
import { createTestDatabase } from '../support/database.js';

let app: TestApp;
let db: pg.Client;
let seller: TestClient;

beforeAll(async () => {
  app = await startApp();
  db = new pg.Client(clientOptions(app.connection));
  await db.connect();
  for (const username of ['seller', 'other']) {
    await app.sudo.post('/api/admin', { username, password: 'a password', is_sudo: false });
  }
  seller = app.client(await app.login('seller', 'a password'));
});
afterAll(async () => {
  await db?.end();
  await app?.close();
});

const STATUSES = ['active', 'on_hold', 'disabled', 'expired', 'limited'];
const proxies = { vless: {} };

async function shown(by: TestClient): Promise<Record<string, number>> {
  const { json } = await by.get('/api/system');
  return json as Record<string, number>;
}

/** What is kept, as the API shows it, and what there is. */
async function keptAndCounted(client: pg.Client = db): Promise<[unknown, unknown]> {
  const sums = STATUSES.map((status) => `sum(${status})::int AS ${status}`);
  const filters = STATUSES.map(
    (status) => `(count(*) FILTER (WHERE status = '${status}'))::int AS ${status}`,
  );
  const kept = await client.query(
    `SELECT admin_id, ${sums.join(', ')} FROM user_counts GROUP BY 1
     HAVING sum(active + on_hold + disabled + expired + limited) <> 0 ORDER BY 1`,
  );
  const counted = await client.query(
    `SELECT admin_id, ${filters.join(', ')} FROM users GROUP BY 1 ORDER BY 1`,
  );
  return [kept.rows, counted.rows];
}

async function expectExact(): Promise<void> {
  const [kept, counted] = await keptAndCounted();
  expect(kept).toEqual(counted);
}

describe('the numbers of users', () => {
  it('are right at once after each thing that can happen to a user', async () => {
    const expectShown = async (mine: object, all: object) => {
      expect(await shown(seller)).toMatchObject(mine);
      expect(await shown(app.sudo)).toMatchObject(all);
      await expectExact();
    };
    await seller.post('/api/user', { username: 'first', proxies });
    await expectShown({ total_user: 1, users_active: 1 }, { total_user: 1, users_active: 1 });
    await seller.post('/api/user', {
      username: 'held',
      proxies,
      status: 'on_hold',
      on_hold_expire_duration: 60,
    });
    await expectShown({ total_user: 2, users_on_hold: 1 }, { users_on_hold: 1 });
    await seller.put('/api/user/first', { status: 'disabled' });
    await expectShown({ users_active: 0, users_disabled: 1 }, { users_active: 0, users_disabled: 1 });
    await seller.put('/api/user/first', { note: 'changes no number' });
    await expectShown({ total_user: 2, users_disabled: 1 }, { total_user: 2 });
    await app.sudo.put('/api/user/first/set-owner?admin_username=other');
    await expectShown({ total_user: 1, users_disabled: 0 }, { total_user: 2, users_disabled: 1 });
    await app.sudo.post('/api/admin/seller/users/disable');
    await expectShown({ users_on_hold: 0, users_disabled: 1 }, { users_disabled: 2 });
    await app.sudo.post('/api/admin/seller/users/activate');
    await expectShown({ users_on_hold: 1, users_disabled: 0 }, { users_disabled: 1 });
    await app.sudo.delete('/api/admin/other');
    await expectShown({ total_user: 1 }, { total_user: 2, users_disabled: 1 });
    await seller.delete('/api/user/held');
    await expectShown({ total_user: 0 }, { total_user: 1 });
    await app.sudo.delete('/api/user/first');
    await expectShown({ total_user: 0 }, { total_user: 0 });
  });

  it('stay exact while many users change at once and the counts are put together', async () => {
    const counting = app.app.get(UserCounting, { strict: false });
    const one = async (i: number) => {
      const username = `busy_${i}`;
      await seller.post('/api/user', { username, proxies });
      if (i % 2) await seller.put(`/api/user/${username}`, { status: 'disabled' });
      if (i % 3) await app.sudo.put(`/api/user/${username}/set-owner?admin_username=root`);
      if (i % 5 === 0) await app.sudo.delete(`/api/user/${username}`);
    };
    const changes = Array.from({ length: 60 }, (_, i) => one(i).then(() => counting.keep()));
    await Promise.all(changes);
    await expectExact();
    await counting.keep();
    await expectExact();
    const { rows } = await db.query('SELECT admin_id FROM user_counts GROUP BY 1 HAVING count(*) > 1');
    expect(rows).toEqual([]);
  });

  it('are right after statements on many users, and none after a rollback', async () => {
    await db.query(`INSERT INTO users (username, status, proxies)
                    SELECT 'many_' || i, CASE WHEN i % 2 = 0 THEN 'active' ELSE 'limited' END::user_status, '{}'
                      FROM generate_series(1, 500) i`);
    await expectExact();
    await db.query('BEGIN');
    await db.query("DELETE FROM users WHERE username LIKE 'many_%'");
    await db.query('ROLLBACK');
    await expectExact();
    await db.query("UPDATE users SET status = 'expired', admin_id = 1 WHERE username LIKE 'many_1%'");
    await expectExact();
    await db.query("DELETE FROM users WHERE username LIKE 'many_%'");
    await expectExact();
  });

  it('are counted by the migration, and kept for a release that does not know of them', async () => {
    const database = await createTestDatabase();
    const client = new pg.Client(clientOptions(database.connection));
    await client.connect();
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    const run = async (migration: new () => MigrationInterface) => {
      const source = new DataSource({
        ...dataSourceOptions(database.connection, 1),
        migrations: [migration],
      });
      await source.initialize();
      await source.runMigrations();
      await source.destroy();
    };
    try {
      await run(InitialSchema1764028800000);
      await client.query("INSERT INTO admins (username) VALUES ('a'), ('b')");
      await client.query(`INSERT INTO users (username, admin_id, status, proxies)
                          SELECT 'u' || i, nullif(i % 3, 0), (enum_range(NULL::user_status))[1 + i % 5], '{}'
                            FROM generate_series(1, 100) i`);
      await run(UserCounts1764288060000);
      const [kept, counted] = await keptAndCounted(client);
      expect(kept).toEqual(counted);
      await client.query("DELETE FROM users WHERE username < 'u5'");
      const [keptAfter, countedAfter] = await keptAndCounted(client);
      expect(keptAfter).toEqual(countedAfter);
    } finally {
      await client.end();
      await database.drop();
    }
  });
});
