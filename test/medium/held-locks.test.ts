import { Logger } from '@nestjs/common';
import pg from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionWatch } from '../../src/shared/database/connection-watch.js';
import { clientOptions, type Connection, dataSourceOptions } from '../../src/shared/database/data-source.js';
import { Database, type Queryable } from '../../src/shared/database/database.js';
import { migrate } from '../../src/shared/database/migrate.js';
import { PipelinedClients } from '../../src/shared/database/pipelined-clients.js';
import { isDatabaseUnavailable } from '../../src/shared/database/unavailable.js';
import { administer, createTestDatabase, type TestDatabase } from '../support/database.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { eventually } from '../support/eventually.js';

let database: TestDatabase;
/** Somebody else, who has locked the table `other`. */
let somebody: pg.Client;
let watcher: pg.Client;
const sources: DataSource[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  const { database: name } = database.connection as Record<string, string>;
  await administer(`ALTER DATABASE ${name} SET client_connection_check_interval = 0`); // as PostgreSQL has it
  [somebody, watcher] = ['somebody', 'watcher'].map(
    (application_name) => new pg.Client({ ...clientOptions(database.connection), application_name }),
  ) as [pg.Client, pg.Client];
  await Promise.all([somebody.connect(), watcher.connect()]);
  await watcher.query('CREATE TABLE one (); CREATE TABLE other ()');
  await somebody.query('BEGIN; LOCK TABLE other');
});
afterEach(async () => {
  await Promise.all([somebody.end(), watcher.end()]);
  for (const source of sources.splice(0)) await source.destroy();
  await database.drop();
});

/** The database of a replica that watches its connections. */
async function replica(connection: Connection): Promise<Database> {
  const watch = new ConnectionWatch(connection);
  const options = dataSourceOptions(connection, 2, (client) => watch.add(client, { brisk: false }));
  const source = await new DataSource({ ...options, migrations: [] }).initialize();
  sources.push(source);
  return new Database(source, new PipelinedClients(1, connection, watch), false);
}

const isLocked = async (table: string) => {
  const { rowCount } = await watcher.query('SELECT FROM pg_locks WHERE relation = $1::regclass', [table]);
  return rowCount! > 0;
};
const isWaiting = async () =>
  (await watcher.query(`SELECT FROM pg_locks WHERE relation = 'other'::regclass AND NOT granted`))
    .rowCount === 1;

describe('what a replica has locked', { timeout: 60_000 }, () => {
  it('is free soon after it was killed, though the statement that it was at still waits', async () => {
    const proxy = await DatabaseProxy.before(database.connection);
    const db = await replica(proxy.connection);
    const killed = db.transaction(async (tx) => {
      await tx.run('LOCK TABLE one');
      await tx.run('LOCK TABLE other');
    });
    const outcome = killed.catch((error: unknown) => error);
    await eventually(isWaiting);
    proxy.disconnectAll();
    expect(await outcome).toSatisfy(isDatabaseUnavailable);
    await eventually(async () => !(await isLocked('one')));
    await proxy.close();
  });

  it('is free soon after its connection was lost without a word', async () => {
    const proxy = await DatabaseProxy.before(database.connection);
    const db = await replica(proxy.connection);
    const lost = db.transaction(async (tx) => {
      await tx.run('SET LOCAL idle_in_transaction_session_timeout = 0'); // which would end it, too, but later
      await tx.run('LOCK TABLE one');
      proxy.loseAll();
      await tx.run('SELECT 1');
    });
    await expect(lost).rejects.toSatisfy(isDatabaseUnavailable);
    await eventually(async () => !(await isLocked('one')));
    await proxy.close();
  });

  it('is free ten seconds after it was stopped; where it only reads it may take its time', async () => {
    const db = await replica(database.connection);
    const idle = async (tx: Queryable) =>
      (await tx.row<{ idle: string }>(
        `SELECT current_setting('idle_in_transaction_session_timeout') AS idle`,
      ))!.idle;
    expect(await db.transaction(idle)).toBe('10s');
    expect(await db.snapshot(idle)).toBe('1min');
    const read = `SELECT current_setting('idle_in_transaction_session_timeout') AS idle`;
    for await (const batch of db.batches(read, [], 10)) expect(batch).toEqual([{ idle: '1min' }]);
  });

  it('is told of, when others wait for it', async () => {
    const said: string[] = [];
    Logger.overrideLogger({ log: () => {}, error: () => {}, warn: (line: string) => said.push(line) });
    const db = await replica(database.connection);
    const waiting = db.run('DELETE FROM other');
    await eventually(() => said.length > 0, 30_000);
    expect(said[0]).toMatch(
      /^A statement has waited \d+ s for what process \d+ \(somebody, idle in transaction for \d+ s\) has locked: DELETE FROM other$/,
    );
    await somebody.query('COMMIT');
    await waiting;
  });
});

/** A process that was stopped looks like this to the server. */
let goOn: () => void;
let isIn = false;
class Stopped4000000000000 implements MigrationInterface {
  name = 'SetUp4000000000000';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE one ADD a int');
    isIn = true;
    await new Promise<void>((resolve) => (goOn = resolve));
    await runner.query('ALTER TABLE one ADD b int');
  }
  async down(): Promise<void> {}
}
class SetUp4000000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE one ADD a int');
  }
  async down(): Promise<void> {}
}

it('a replica that is stopped while it sets up the database gives way to the next one, and learns of it', async () => {
  const starting = async (migration: new () => MigrationInterface) => {
    const options = { ...dataSourceOptions(database.connection, 1), migrations: [migration] };
    const source = await new DataSource(options as ConstructorParameters<typeof DataSource>[0]).initialize();
    sources.push(source);
    return source;
  };
  const stopped = migrate(await starting(Stopped4000000000000), { log: () => undefined, idleMs: 1_000 });
  const outcome = stopped.catch((error: unknown) => error);
  await eventually(() => isIn);
  expect(await migrate(await starting(SetUp4000000000000), { log: () => undefined })).toEqual([
    'SetUp4000000000000',
  ]);
  goOn();
  expect(await outcome).toSatisfy(isDatabaseUnavailable);
}, 60_000);
