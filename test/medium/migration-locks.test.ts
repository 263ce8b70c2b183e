import pg from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions, dataSourceOptions } from '../../src/shared/database/data-source.js';
import { migrate } from '../../src/shared/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

let database: TestDatabase;
let service: pg.Client;
let watcher: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  [service, watcher] = [0, 1].map(() => new pg.Client(clientOptions(database.connection))) as [
    pg.Client,
    pg.Client,
  ];
  await Promise.all([service.connect(), watcher.connect()]);
  await service.query("SET deadlock_timeout = '1 min'"); // who looks first is given up
  await watcher.query('CREATE TABLE one (); CREATE TABLE other ()');
});
afterAll(async () => {
  await Promise.all([service?.end(), watcher?.end()]);
  await database?.drop();
});

let attempts = 0;
let running: Promise<unknown> | undefined;

class WithTheOtherFirst4000000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    attempts++;
    await runner.query('ALTER TABLE other ADD a int');
    if (attempts === 1) {
      // The running service waits for this table, and holds the one that is next.
      running = service.query('LOCK TABLE other; COMMIT');
      await eventually(
        async () => (await watcher.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount! > 0,
      );
    }
    await runner.query('ALTER TABLE one ADD a int');
  }

  async down(): Promise<void> {}
}

it('a migration that is given up for the locks of the running service runs again', async () => {
  const source = new DataSource({
    ...dataSourceOptions(database.connection, 2),
    migrations: [WithTheOtherFirst4000000000000],
  } as ConstructorParameters<typeof DataSource>[0]);
  await source.initialize();
  try {
    await service.query('BEGIN; LOCK TABLE one');
    const said: string[] = [];
    expect(await migrate(source, { log: (message) => said.push(message) })).toHaveLength(1);
    await running;
    expect(attempts).toBe(2);
    expect(said).toHaveLength(1);
    const { rows } = await watcher.query(
      `SELECT attrelid::regclass::text AS name FROM pg_attribute
        WHERE attrelid IN ('one'::regclass, 'other'::regclass) AND attname = 'a' ORDER BY 1`,
    );
    expect(rows).toEqual([{ name: 'one' }, { name: 'other' }]);
  } finally {
    await source.destroy();
  }
}, 60_000);
