import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { StartupError } from '../../config/startup-error.js';
import { LIMITS } from './limits.js';

/** Any fixed number: whoever holds this advisory lock migrates, the others wait. */
const MIGRATION_LOCK = 7_345_001;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';
const ATTEMPTS = 5;
/** Whoever waits for another says so now and then. */
const WAIT_MS = 5_000;

export interface Migrating {
  log: (message: string) => void;
  /** Ends the waiting for others. */
  signal?: AbortSignal | undefined;
  waitMs?: number;
  /** How long whoever has begun may do nothing (it was stopped, or cut off) before others may begin in its place. */
  idleMs?: number;
}

/**
 * Brings the schema up to date; returns the names of the migrations that ran. Where all have run, nobody is waited for.
 * Safe with many replicas starting: all of it is one transaction on one connection, which holds the lock, so that none can
 * keep it behind a pooler, and a start that is killed leaves nothing behind. Replicas of the version before work meanwhile, and lock tables in an order of their own:
 * what PostgreSQL gives up for that runs again, as their transactions do.
 */
export async function migrate(dataSource: DataSource, migrating: Migrating): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await migrateOnce(dataSource, migrating);
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK || attempt === ATTEMPTS) throw error;
      migrating.log('The database is in use in another order than it is being set up; trying again');
    }
  }
}

async function migrateOnce(dataSource: DataSource, migrating: Migrating): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'none'; // but ours
  try {
    if ((await executor.getPendingMigrations()).length === 0) return [];
    await enter(runner, migrating);
    const ran = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return ran.map((migration) => migration.name);
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

/** Begins a transaction in which nobody else migrates, and whose statements may take as long as they do. */
async function enter(
  runner: QueryRunner,
  { log, signal, waitMs = WAIT_MS, idleMs = LIMITS.idleMs }: Migrating,
): Promise<void> {
  for (;;) {
    await runner.startTransaction();
    await runner.query('SET LOCAL statement_timeout = 0');
    await runner.query(`SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`);
    await runner.query(`SET LOCAL lock_timeout = ${waitMs}`);
    try {
      await runner.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      await runner.query('SET LOCAL lock_timeout = 0');
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
      await runner.rollbackTransaction();
    }
    if (signal?.aborted) throw new StartupError('Stopped before the start was complete.');
    log('Another replica is setting up the database; waiting for it');
  }
}
