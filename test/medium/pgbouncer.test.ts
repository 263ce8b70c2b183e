import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { Database, type Queryable } from '../../src/shared/database/database.js';
import { openDatabase } from '../../src/shared/database/ensure-database.js';
import { WorkerDatabase } from '../../src/shared/database/worker-database.js';
import { startApp, type TestApp, testConfig } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { eventually } from '../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet } from '../support/fake-fleet.js';
import { migrateFromSources } from '../support/migrate-from-sources.js';
import { hasPgBouncer, PgBouncer } from '../support/pgbouncer.js';

const isHere = hasPgBouncer();

const LIMITS = `SELECT current_setting('statement_timeout') AS statement,
                       current_setting('idle_in_transaction_session_timeout') AS idle`;
const limitsOf = async (db: Queryable) => (await db.rows(LIMITS))[0];
const POINT = { name: 'limits_of_points', text: LIMITS };

/** What a stranger gets who uses the same pooler, on each of its sessions that are free. */
async function limitsOfStrangers(connection: Connection): Promise<unknown[]> {
  const clients = Array.from({ length: 5 }, () => new pg.Client(clientOptions(connection)));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    await Promise.all(clients.map((client) => client.query('BEGIN'))); // so that each has a session of its own
    return await Promise.all(clients.map(async (client) => (await client.query(LIMITS)).rows[0]));
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

const urlOf = async (connection: Connection) => {
  const proxy = await DatabaseProxy.before(connection);
  return { url: proxy.connection.url, close: () => proxy.close() };
};

describe.runIf(isHere)('a start through PgBouncer', { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let bouncer: PgBouncer | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const opening = (settings: Partial<Config>, lines: string[] = []) =>
    openDatabase({ ...testConfig(settings), log: (line) => lines.push(line) });
  const through = async (settings: Record<string, string | number>, work: (url: string) => Promise<void>) => {
    bouncer = await PgBouncer.before(database.connection, settings);
    await work(bouncer.connection.url).finally(() => bouncer!.close());
  };

  it('says once that nothing can be heard there', async () => {
    await through({}, async (databaseUrl) => {
      const lines: string[] = [];
      const opened = await opening({ databaseUrl }, lines);
      expect(opened.connection).toMatchObject({ isPooled: true, directUrl: undefined });
      expect(opened.description).toMatch(/^PostgreSQL \d.*, through a pooler$/);
      expect(lines).toEqual([
        expect.stringMatching(/^DATABASE_URL leads through a connection pooler.* DATABASE_DIRECT_URL /),
      ]);
    });
  });

  it.each(['transaction', 'statement'])(
    'is refused where statements are not prepared for each client (%s mode)',
    async (mode) => {
      await through({ max_prepared_statements: 0, pool_mode: mode }, async (databaseUrl) => {
        await expect(opening({ databaseUrl })).rejects.toThrow(
          /^DATABASE_URL leads through a connection pooler that knows no prepared statements: use PgBouncer 1\.21 /,
        );
      });
    },
  );

  it('is fine where each client has a session of its own', async () => {
    await through({ max_prepared_statements: 0, pool_mode: 'session' }, async (databaseUrl) => {
      expect((await opening({ databaseUrl })).connection).toMatchObject({ isPooled: true });
    });
  });

  it('finds a way past it, and refuses one that is none', async () => {
    const other = await createTestDatabase();
    const [past, elsewhere] = await Promise.all([urlOf(database.connection), urlOf(other.connection)]);
    await through({}, async (databaseUrl) => {
      const lines: string[] = [];
      const opened = await opening({ databaseUrl, databaseDirectUrl: past.url }, lines);
      expect(opened.connection).toEqual({ url: databaseUrl, isPooled: true, directUrl: past.url });
      expect(lines).toEqual([]);
      await expect(opening({ databaseUrl, databaseDirectUrl: databaseUrl })).rejects.toThrow(
        'DATABASE_DIRECT_URL leads through a connection pooler; it must be the address of PostgreSQL itself.',
      );
      await expect(opening({ databaseUrl, databaseDirectUrl: elsewhere.url })).rejects.toThrow(
        'DATABASE_DIRECT_URL leads to another database than DATABASE_URL.',
      );
    });
    await Promise.all([past.close(), elsewhere.close()]);
    await other.drop();
  });

  it('takes its turn when several set up one empty database', async () => {
    const server = database.connection;
    for (let round = 0; round < 3; round++) {
      await inDatabase(server, async (db) => {
        await db.query('DROP SCHEMA public CASCADE');
        await db.query('CREATE SCHEMA public');
      });
      bouncer = await PgBouncer.before(server);
      const { connection } = bouncer;
      await Promise.all([1, 2, 3].map(() => migrateFromSources(connection))).finally(() => bouncer!.close());
      await inDatabase(server, async (db) => {
        expect((await db.query("SELECT FROM pg_locks WHERE locktype = 'advisory'")).rowCount).toBe(0);
        const ran = await db.query('SELECT name, count(*)::int AS times FROM migrations GROUP BY name');
        expect(ran.rows.filter(({ times }) => times !== 1)).toEqual([]);
      });
    }
  });
});

describe.runIf(isHere)('through PgBouncer', { timeout: 60_000 }, () => {
  let bouncer: PgBouncer;
  let database: TestDatabase;
  let fleet: FakeFleet;
  let other: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    bouncer = await PgBouncer.before(database.connection);
    fleet = await startFakeFleet({}, bouncer.connection);
    other = await fleet.replica({ role: 'api' });
  });
  afterAll(async () => {
    await other?.close();
    await fleet?.close();
    await bouncer?.close();
    await database?.drop();
  });

  it('users, nodes and their traffic are as without it', async () => {
    const { id: nodeId, node } = await fleet.addNode();
    const created = await other.sudo.post('/api/user', { username: 'ann', proxies: { vless: {} } });
    expect(created.status).toBe(200);
    const [user] = await fleet.sql<{ id: number }>("SELECT id FROM users WHERE username = 'ann'");
    await eventually(() => copies(node.core!, `${user!.id}.ann`) === 1);
    node.core!.count(`${user!.id}.ann`, 2n, 3n);
    await eventually(async () => (await fleet.sudo.get('/api/user/ann')).json.used_traffic === 5);
    expect((await other.sudo.get('/api/users')).json.total).toBe(1);
    expect((await other.sudo.delete('/api/user/ann')).status).toBe(200);
    await eventually(() => copies(node.core!, `${user!.id}.ann`) === 0);
    expect((await fleet.sudo.get('/api/nodes/state')).json.nodes).toEqual([
      expect.objectContaining({ id: nodeId, status: 'connected' }),
    ]);
    expect(node.starts).toBe(1);
  });

  it('what another replica changes is seen though nothing is heard', async () => {
    const account = { username: 'reseller', password: 'a reseller password' };
    await fleet.sudo.post('/api/admin', { ...account, is_sudo: false });
    const token = await other.login(account.username, account.password);
    expect((await other.client(token).get('/api/admin')).status).toBe(200);
    await fleet.sudo.delete('/api/admin/reseller');
    await eventually(async () => (await other.client(token).get('/api/admin')).status === 401);
    const listening = await fleet.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN %'`,
    );
    expect(listening).toEqual([]); // or a session that others use would be told
  });

  it('statements have their limits, and the sessions of others have none', async () => {
    const usual = { statement: '1min', idle: '10s' };
    const reading = { statement: '1min', idle: '1min' };
    for (const database of [Database, WorkerDatabase]) {
      const db = fleet.app.get(database, { strict: false });
      expect(await limitsOf(db)).toEqual(usual);
      expect(await db.transaction(limitsOf)).toEqual(usual);
      expect(await db.snapshot(limitsOf)).toEqual(reading);
      for await (const batch of db.batches(LIMITS, [], 10)) expect(batch).toEqual([reading]);
      expect(await db.point(POINT, [])).toEqual([{ statement: '2s', idle: '10s' }]);
    }
    expect(
      new Set((await limitsOfStrangers(bouncer.connection)).map((limits) => JSON.stringify(limits))),
    ).toEqual(new Set([JSON.stringify({ statement: '0', idle: '0' })]));
  });

  it('a statement that fails does no harm to the next ones', async () => {
    const db = fleet.app.get(Database, { strict: false });
    const bad = { name: 'divide', text: 'SELECT 1 / $1::int AS n' };
    const asked = await Promise.allSettled([0, 1, 0, 1].map((n) => db.point<{ n: number }>(bad, [n])));
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    await expect(db.rows(bad, [0])).rejects.toThrow('division by zero');
    expect(await db.rows(bad, [1])).toEqual([{ n: 1 }]);
  });

  it('all goes on after it was killed', async () => {
    const { node } = await fleet.addNode();
    const starts = node.starts;
    const db = fleet.app.get(Database, { strict: false });
    const waiting = [1, 2, 3].map(() => expect(db.rows('SELECT pg_sleep(60)')).rejects.toThrow(/terminated/));
    await eventually(
      async () =>
        (
          await fleet.sql(
            "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
          )
        ).length === waiting.length,
    );
    await bouncer.kill();
    await Promise.all(waiting);
    await eventually(async () => (await fleet.sudo.get('/api/users')).status === 503);
    expect((await fleet.client().get('/health/ready')).status).toBe(503);
    await bouncer.start();
    await eventually(async () => (await fleet.client().get('/health/ready')).status === 200, 20_000);
    const created = await eventually(async () => {
      const reply = await other.sudo.post('/api/user', { username: 'bob', proxies: { trojan: {} } });
      return reply.status === 200 && reply;
    });
    expect(created.json.username).toBe('bob');
    const [user] = await fleet.sql<{ id: number }>("SELECT id FROM users WHERE username = 'bob'");
    await eventually(() => copies(node.core!, `${user!.id}.bob`) === 1);
    expect(node.starts).toBe(starts);
  });
});

describe.runIf(isHere)('beside PgBouncer', () => {
  it('notifications are heard', async () => {
    const database = await createTestDatabase();
    const bouncer = await PgBouncer.before(database.connection);
    const past = await urlOf(database.connection);
    const app = await startApp({}, { ...bouncer.connection, directUrl: past.url });
    await inDatabase(database.connection, async (db) => {
      const listening = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN %'`;
      await eventually(async () => (await db.query(listening)).rowCount === 1);
    });
    await app.close();
    await past.close();
    await bouncer.close();
    await database.drop();
  });
});

it('without a pooler statements have the same limits', async () => {
  const app = await startApp();
  const db = app.app.get(Database, { strict: false });
  expect(await limitsOf(db)).toEqual({ statement: '1min', idle: '10s' });
  expect(await db.transaction(limitsOf)).toEqual({ statement: '1min', idle: '10s' });
  expect(await db.point(POINT, [])).toEqual([{ statement: '2s', idle: '10s' }]);
  await app.close();
});

async function inDatabase(connection: Connection, work: (db: pg.Client) => Promise<void>): Promise<void> {
  const db = new pg.Client(clientOptions(connection));
  await db.connect();
  await work(db).finally(() => db.end());
}
