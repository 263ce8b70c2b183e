import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { LIMITS, sessionLimits, watchClient } from './limits.js';
import { requirePrimary } from './primary.js';

const here = dirname(fileURLToPath(import.meta.url));

/** How this process reaches PostgreSQL: a URL, or the socket directory of the embedded server. */
export type Connection =
  | {
      url: string;
      /** Whether it leads through a pooler: then no session is ours for longer than a transaction. */
      isPooled?: boolean;
      /** PostgreSQL's own address beside that. */
      directUrl?: string | undefined;
    }
  | { socketDir: string; user: string; database: string };

/** Whether nothing can be set, kept or heard on a session. */
export const isPooled = (connection: Connection): boolean =>
  'url' in connection && connection.isPooled === true;

/** The way past a pooler, where there is one. */
export const direct = (connection: Connection): Connection =>
  'url' in connection && connection.directUrl !== undefined ? { url: connection.directUrl } : connection;

/** What our sessions are called on the server. */
export const APPLICATION = 'margrave';

const CONNECT_TIMEOUT_MS = 5_000;
/** Connections are made anew so often, or they would stay with a server that the address no longer leads to. */
const LIFETIME_SECONDS = 600;

const { builtins } = pg.types;

/**
 * PostgreSQL's 64-bit integers become `bigint`, everything else what `pg` makes of it.
 * Instants have milliseconds only in our schema, so `Date` holds them exactly.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === builtins.INT8
      ? (value: string) => BigInt(value)
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** For what waits long for an answer: the other end is asked after a while, and given up ten seconds later. */
const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 };

/** Options of a bare `pg` client for the same database, e.g. for LISTEN. */
export function clientOptions(connection: Connection): pg.ClientConfig {
  const options: pg.ClientConfig = {
    types: columnTypes,
    application_name: APPLICATION,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...keepAlive,
  };
  return 'url' in connection
    ? { ...options, connectionString: connection.url }
    : // Everything is said, or pg would take PGPORT and the like from the environment.
      {
        ...options,
        host: connection.socketDir,
        port: 5432,
        user: connection.user,
        password: '',
        database: connection.database,
        ssl: false,
      };
}

/**
 * TypeORM's options. `poolSize` is the number of connections of this process, beside the few dedicated ones; `onConnect` is
 * told of each.
 */
export function dataSourceOptions(
  connection: Connection,
  poolSize: number,
  onConnect?: (client: pg.ClientBase) => void,
): DataSourceOptions {
  return {
    type: 'postgres',
    ...('url' in connection
      ? { url: connection.url }
      : {
          host: connection.socketDir,
          port: 5432,
          username: connection.user,
          password: '',
          database: connection.database,
          ssl: false,
        }),
    applicationName: APPLICATION,
    poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    entities: [],
    migrations: migrationFiles(),
    logging: false,
    extra: {
      types: columnTypes,
      ...keepAlive,
      ...(isPooled(connection) ? { pipeline: true } : sessionLimits(LIMITS)),
      maxLifetimeSeconds: LIFETIME_SECONDS,
      onConnect: async (client: pg.ClientBase) => {
        // Whoever has it is told by the query that fails. But the pool gives a connection away while it reads what came on it,
        // and TypeORM listens to it a moment later: an end that came right behind an answer would end the process.
        client.on('error', () => undefined);
        onConnect?.(client);
        if (!isPooled(connection)) await watchClient(client);
        await requirePrimary(client);
      },
    },
  };
}

/** The files under `migrations/`, beside this build or beside the sources. */
function migrationFiles(): string[] {
  const folder = join(here, '..', '..', '..', 'migrations');
  return readdirSync(folder)
    .filter((name) => /^\d+-[a-z0-9-]+\.(js|ts)$/.test(name) && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}
