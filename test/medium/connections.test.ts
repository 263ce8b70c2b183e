import { execFileSync } from 'node:child_process';
import { setImmediate as breathe } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { buildApp } from '../../src/app.js';
import type { Config } from '../../src/config/config.js';
import { ConnectionWatch } from '../../src/shared/database/connection-watch.js';
import { clientOptions, dataSourceOptions } from '../../src/shared/database/data-source.js';
import { Database } from '../../src/shared/database/database.js';
import { PipelinedClients } from '../../src/shared/database/pipelined-clients.js';
import { isDatabaseUnavailable } from '../../src/shared/database/unavailable.js';
import { WORKER_POOL_SIZE, WorkerDatabase } from '../../src/shared/database/worker-database.js';
import { testConfig } from '../support/app.js';
import { createTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { holdConnections } from '../support/hold-connections.js';

const POINT = { name: 'one', text: 'SELECT 1 AS one' };

/** As docs/replicas.md has it. */
it.each<[Config['role'], number]>([
  ['all', 8],
  ['worker', 8],
  ['api', 4],
])('a busy replica of the role %s has %i connections beside its pool', async (role, others) => {
  const { connection, drop } = await createTestDatabase();
  const config = testConfig({ role });
  const app = await buildApp(config, connection);
  await app.init();
  const db = app.get(Database, { strict: false });
  const workers = app.get(WorkerDatabase, { strict: false });
  const held = [await holdConnections(db, config.databasePoolSize)];
  if (workers !== db) held.push(await holdConnections(workers, WORKER_POOL_SIZE));
  await Promise.all([db.point(POINT, []), db.point(POINT, [])]);
  const looking = new pg.Client(clientOptions(connection));
  await looking.connect();
  const count = async () => {
    const { rows } = await looking.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return rows[0]!.n;
  };
  await eventually(async () => {
    expect(await count()).toBe(config.databasePoolSize + others);
    return true;
  });
  await looking.end();
  for (const letGo of held) await letGo();
  await app.close();
  await drop();
});

/** Terminates the backend whose number it is given, once it is idle. */
const TERMINATE = `
  const [options, pid] = JSON.parse(process.argv[1]);
  const client = new (require('pg').Client)(options);
  (async () => {
    await client.connect();
    const idle = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND state = 'idle'";
    while ((await client.query(idle, [pid])).rowCount === 0);
    await client.end();
  })();`;

it('a connection that is lost at the moment in which it changes hands ends nothing but what it was taken for', async () => {
  const { connection, drop } = await createTestDatabase();
  const source = await new DataSource({ ...dataSourceOptions(connection, 1), migrations: [] }).initialize();
  const db = new Database(
    source,
    new PipelinedClients(1, connection, new ConnectionWatch(connection)),
    false,
  );
  const [backend] = await db.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const first = db.rows('SELECT pg_sleep(0.3)');
  const next = db.transaction((tx) => tx.rows('SELECT 1'));
  const outcome = next.catch((error: unknown) => error);
  await breathe(); // it is asked
  // Meanwhile nothing is read here: the answer and the end of the connection come together.
  const { types: _, ...options } = clientOptions(connection);
  execFileSync(process.execPath, ['-e', TERMINATE, JSON.stringify([options, backend!.pid])]);
  await first;
  expect(await outcome).toSatisfy(isDatabaseUnavailable);
  expect(await db.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await source.destroy();
  await drop();
});
