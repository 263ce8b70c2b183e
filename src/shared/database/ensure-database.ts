import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataSource } from 'typeorm';
import { StartupError } from '../../config/startup-error.js';
import { ConnectionWatch } from './connection-watch.js';
import { type Connection, dataSourceOptions, direct } from './data-source.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { openExternal } from './external-postgres.js';
import { migrate, type Migrating } from './migrate.js';
import { Patience } from './patience.js';
import { makeEnterable } from './postgres-folders.js';
import { canEnter } from './postgres-binaries.js';
import { serverUser } from './postgres-user.js';

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
  databaseDirectUrl?: string | undefined;
  databaseWaitSeconds: number;
  dataDir: string;
  log: (message: string) => void;
  signal?: AbortSignal;
  /** For a command, which is over soon. */
  forCommand?: boolean;
}

/**
 * A PostgreSQL that answers: the one of `databaseUrl`, else our own in `dataDir`.
 * @throws StartupError when there is none.
 */
export async function openDatabase(opening: Opening): Promise<OpenDatabase> {
  const {
    databaseUrl,
    databaseDirectUrl,
    databaseWaitSeconds: seconds,
    dataDir,
    log,
    signal,
    forCommand,
  } = opening;
  if (databaseUrl !== undefined) {
    const external = await openExternal(databaseUrl, databaseDirectUrl, { seconds, log, signal });
    return { ...external, embedded: undefined };
  }
  const base = await embeddedBase(dataDir);
  const folder = join(base, 'postgres');
  const embedded = await EmbeddedPostgres.start({ folder, log, forCommand });
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

/** Whether an embedded database was made in this `dataDir`. */
export async function hasEmbedded(dataDir: string): Promise<boolean> {
  return existsSync(join(await embeddedBase(dataDir), 'postgres', 'data', 'PG_VERSION'));
}

/** Brings the schema up to date. @throws StartupError when the database user may not. */
export async function migrateDatabase(
  connection: Connection,
  migrating: Migrating = { log: () => undefined },
): Promise<void> {
  const past = direct(connection);
  const watch = new ConnectionWatch(past, MIGRATION_MS);
  const dataSource = new DataSource(
    dataSourceOptions(past, 1, (client) => watch.add(client, { brisk: false })),
  );
  try {
    await dataSource.initialize();
    await migrate(dataSource, migrating);
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
