import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { StartupError, systemReason } from '../../config/startup-error.js';
import { ConnectionWatch } from './connection-watch.js';
import { clientOptions, type Connection, dataSourceOptions } from './data-source.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrate.js';
import { makeEnterable } from './postgres-server.js';
import { canEnter } from './postgres-binaries.js';
import { serverUser } from './postgres-user.js';

const OLDEST_VERSION = 140_000;
const STARTING_UP = '57P03';
const STARTING_SECONDS = 30;
/** A migration may rebuild a large table. */
const MIGRATION_MS = 3_600_000;
const NOT_ALLOWED = '42501';

/** Where the embedded database goes when root's default folder is closed to the user PostgreSQL runs as. */
const SYSTEM_FOLDER = '/var/lib/margrave';

export interface OpenDatabase {
  connection: Connection;
  /** For people, without secrets, e.g. `PostgreSQL 16.4 at db:5432/margrave`. */
  description: string;
  /** Undefined with a `DATABASE_URL`. */
  embedded: EmbeddedPostgres | undefined;
}

/**
 * A PostgreSQL that answers: the one of `databaseUrl`, else our own in `dataDir`.
 * @throws StartupError when there is none.
 */
export async function openDatabase(
  { databaseUrl, dataDir }: { databaseUrl: string | undefined; dataDir: string },
  log: (message: string) => void,
): Promise<OpenDatabase> {
  if (databaseUrl !== undefined) {
    const connection = { url: databaseUrl };
    const version = await checkServer(connection, databaseUrl);
    return { connection, description: `PostgreSQL ${version} at ${place(databaseUrl)}`, embedded: undefined };
  }
  const base = await embeddedBase(dataDir);
  const folder = join(base, 'postgres');
  const embedded = await EmbeddedPostgres.start({ folder, log });
  const remarks = [
    ...(base === dataDir ? [] : [`, since the user it runs as may not enter ${dataDir}`]),
    ...(embedded.adopted ? [', which was running already'] : []),
  ];
  return {
    connection: embedded.connection,
    description: `embedded PostgreSQL in ${folder}${remarks.join('')}`,
    embedded,
  };
}

/** Brings the schema up to date. @throws StartupError when the database user may not. */
export async function migrateDatabase(connection: Connection): Promise<void> {
  const dataSource = new DataSource(
    dataSourceOptions(connection, 2, new ConnectionWatch(connection, MIGRATION_MS)),
  );
  try {
    await dataSource.initialize();
    await migrate(dataSource);
  } catch (error) {
    if ((error as { code?: string }).code !== NOT_ALLOWED) throw error;
    const reason = (error as Error).message;
    throw new StartupError(`The user of DATABASE_URL may not set up the database: ${reason}`, {
      cause: error,
    });
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

async function embeddedBase(dataDir: string): Promise<string> {
  if (dataDir !== resolve('data')) return dataDir;
  const user = await serverUser(join(dataDir, 'postgres', 'data'));
  if (!user) return dataDir;
  await makeEnterable(dataDir).catch(() => undefined); // reported by the start itself
  return canEnter(dataDir, user) ? dataDir : SYSTEM_FOLDER;
}

async function checkServer(connection: Connection, url: string): Promise<string> {
  const deadline = Date.now() + STARTING_SECONDS * 1000;
  for (;;) {
    try {
      return await serverVersion(connection);
    } catch (error) {
      if (error instanceof StartupError) throw error;
      if ((error as { code?: string }).code !== STARTING_UP || Date.now() > deadline) {
        throw new StartupError(
          `Cannot use the database of DATABASE_URL (${place(url)}): ${reasonOf(error)}`,
          {
            cause: error,
          },
        );
      }
      await sleep(500);
    }
  }
}

async function serverVersion(connection: Connection): Promise<string> {
  const client = new pg.Client({ ...clientOptions(connection), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ number: number; name: string }>(
      `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name`,
    );
    const { number, name } = rows[0]!;
    if (number < OLDEST_VERSION) {
      throw new StartupError(`The database of DATABASE_URL is PostgreSQL ${name}; 14 or newer is needed.`);
    }
    return name.split(' ')[0]!;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Host, port and database of a URL: all of it that is no secret. */
function place(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`;
}

function reasonOf(error: unknown): string {
  const { code, errors } = error as { code?: string; errors?: unknown[] };
  if (code === 'ECONNREFUSED') return 'nothing answers there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host';
  return errors?.[0] ? reasonOf(errors[0]) : systemReason(error); // an AggregateError has no text
}
