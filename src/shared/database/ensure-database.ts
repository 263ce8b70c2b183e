import { join, resolve } from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { StartupError } from '../../config/startup-error.js';
import { ConnectionWatch } from './connection-watch.js';
import { clientOptions, type Connection, dataSourceOptions } from './data-source.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrate.js';
import { Patience, reasonOf } from './patience.js';
import { makeEnterable } from './postgres-folders.js';
import { canEnter } from './postgres-binaries.js';
import { requirePrimary } from './primary.js';
import { serverUser } from './postgres-user.js';

const OLDEST_VERSION = 140_000;
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
  /** For what is done with it until the start is complete. */
  patience: Patience;
}

interface Opening {
  databaseUrl: string | undefined;
  databaseWaitSeconds: number;
  dataDir: string;
  log: (message: string) => void;
  signal?: AbortSignal;
}

/**
 * A PostgreSQL that answers: the one of `databaseUrl`, else our own in `dataDir`.
 * @throws StartupError when there is none.
 */
export async function openDatabase(opening: Opening): Promise<OpenDatabase> {
  const { databaseUrl, databaseWaitSeconds: seconds, dataDir, log, signal } = opening;
  if (databaseUrl !== undefined) {
    const connection = { url: databaseUrl };
    const database = `the database of DATABASE_URL (${place(databaseUrl)})`;
    const patience = new Patience({ database, seconds, log, signal });
    const version = await patience
      .with(() => serverVersion(connection))
      .catch((error: unknown) => {
        if (error instanceof StartupError) throw error;
        throw new StartupError(`Cannot use ${database}: ${reasonOf(error)}`, { cause: error });
      });
    const description = `PostgreSQL ${version} at ${place(databaseUrl)}`;
    return { connection, description, embedded: undefined, patience };
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
    patience: new Patience({ database: `the embedded PostgreSQL in ${folder}`, seconds, log, signal }),
  };
}

/** Brings the schema up to date. @throws StartupError when the database user may not. */
export async function migrateDatabase(connection: Connection): Promise<void> {
  const watch = new ConnectionWatch(connection, MIGRATION_MS);
  const dataSource = new DataSource(
    dataSourceOptions(connection, 2, (client) => watch.add(client, { brisk: false })),
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

async function serverVersion(connection: Connection): Promise<string> {
  const client = new pg.Client(clientOptions(connection));
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
    await requirePrimary(client);
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
