import type { DataSource } from 'typeorm';

/** Any fixed number: whoever holds this advisory lock migrates, the others wait. */
const MIGRATION_LOCK = 7_345_001;

/** Brings the schema up to date; returns the names of the migrations that ran. Safe with many replicas starting. */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const lock = dataSource.createQueryRunner();
  await lock.connect();
  try {
    await lock.query(`SET statement_timeout = 0`);
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const ran = await dataSource.runMigrations({ transaction: 'each' });
    return ran.map((migration) => migration.name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await lock.query('RESET statement_timeout').catch(() => undefined);
    await lock.release();
  }
}
