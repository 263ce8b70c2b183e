import pg from 'pg';
import { expect, it } from 'vitest';
import { buildApp } from '../../src/app.js';
import type { Config } from '../../src/config/config.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { Database } from '../../src/shared/database/database.js';
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
