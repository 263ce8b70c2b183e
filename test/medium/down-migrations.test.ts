import { basename } from 'node:path';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { dataSourceOptions } from '../../src/shared/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { everyTable } from '../support/every-table.js';
import { schemaOf } from '../support/schema.js';

vi.setConfig({ testTimeout: 120_000 });

interface Step {
  name: string;
  migration: MigrationInterface;
}

let database: TestDatabase;
let source: DataSource;
let runner: QueryRunner;
let steps: Step[];

beforeAll(async () => {
  database = await createTestDatabase();
  const options = dataSourceOptions(database.connection, 1);
  source = new DataSource({ ...options, migrations: [] } as ConstructorParameters<typeof DataSource>[0]);
  await source.initialize();
  runner = source.createQueryRunner();
  steps = await Promise.all((options.migrations as string[]).toSorted().map(load));
});
afterAll(async () => {
  await runner?.release();
  await source?.destroy();
  await database?.drop();
});

async function load(file: string): Promise<Step> {
  const [Migration] = Object.values(
    (await import(/* @vite-ignore */ file)) as Record<string, new () => MigrationInterface>,
  );
  return { name: basename(file, '.ts'), migration: new Migration!() };
}

/** In a transaction, as `migrate` does. */
async function run({ name, migration }: Step, way: 'up' | 'down'): Promise<void> {
  await runner.startTransaction();
  try {
    await migration[way](runner);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw new Error(`${name} does not go ${way}`, { cause: error });
  }
}

const sql = <R>(text: string) => runner.query(text) as Promise<R[]>;

/** What each migration makes of nothing, the first one first. */
async function schemas(): Promise<string[][]> {
  await sql('DROP SCHEMA public CASCADE');
  await sql('CREATE SCHEMA public');
  const made: string[][] = [];
  for (const step of steps) {
    await run(step, 'up');
    made.push(await schemaOf(sql));
  }
  return made;
}

it('every migration but the first leads back to the schema before it, and up again, on a database with data', async () => {
  const made = await schemas();
  await everyTable(sql);
  for (let n = steps.length - 1; n > 0; n--) {
    const step = steps[n]!;
    await run(step, 'down');
    expect(await schemaOf(sql), `what ${step.name} leads back to`).toEqual(made[n - 1]);
    await run(step, 'up');
    expect(await schemaOf(sql), `what ${step.name} makes of that`).toEqual(made[n]);
    await run(step, 'down');
  }
  // As an old version leaves it.
  await sql(
    `UPDATE users SET status_before_disable = 'on_hold', expire_at = now() WHERE username = 'held_with_others'`,
  );
  await sql(`UPDATE users SET admin_id = NULL WHERE username = 'expired'`);
  await sql(`INSERT INTO users (username, status, proxies) VALUES ('nobodys', 'limited', '{}')`);
  for (const step of steps.slice(1)) await run(step, 'up');
  expect(await schemaOf(sql)).toEqual(made.at(-1));

  expect(await sql('SELECT username FROM users WHERE held_when_disabled ORDER BY id')).toEqual([
    { username: 'held' },
    { username: 'held_with_others' },
  ]);
  // A period goes on from the last reset, else from the user's beginning.
  expect(
    await sql(`
      SELECT username, next_reset_at AS at, reset_waits AS waits FROM users JOIN user_usage ON user_id = id
       WHERE next_reset_at IS NOT NULL ORDER BY id`),
  ).toEqual([
    { username: 'daily', at: new Date('2026-01-02T03:04:05.678Z'), waits: false },
    { username: 'weekly', at: new Date('2026-02-08T00:00:00Z'), waits: false },
    { username: 'monthly', at: new Date('2026-03-03T00:00:00Z'), waits: false },
    { username: 'yearly', at: new Date('2027-02-01T00:00:00Z'), waits: false },
  ]);
  const counts = await sql(`
    SELECT username AS admin, active, on_hold, disabled, expired, limited
      FROM (SELECT admin_id, sum(active)::int AS active, sum(on_hold)::int AS on_hold, sum(disabled)::int AS disabled,
                   sum(expired)::int AS expired, sum(limited)::int AS limited
              FROM user_counts GROUP BY 1) c LEFT JOIN admins a ON a.id = admin_id ORDER BY 1 NULLS LAST`);
  expect(counts).toEqual([
    { admin: 'root', active: 4, on_hold: 1, disabled: 3, expired: 0, limited: 0 },
    { admin: null, active: 0, on_hold: 0, disabled: 0, expired: 1, limited: 1 },
  ]);
  // Nobody whose row was there was lost on the way, nor what was there before the second migration.
  expect(await sql('SELECT count(*)::int AS users FROM users JOIN user_usage ON user_id = id')).toEqual([
    { users: 9 },
  ]);
  expect(await sql('SELECT name, server_cert_sha256 IS NOT NULL AS known FROM nodes ORDER BY id')).toEqual([
    { name: 'Master', known: false },
    { name: 'DE', known: true },
  ]);
});
