import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';

const here = dirname(fileURLToPath(import.meta.url));

/** How this process reaches PostgreSQL: a URL, or the socket directory of the embedded server. */
export type Connection = { url: string } | { socketDir: string; user: string; database: string };

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

/** Options of a bare `pg` client for the same database, e.g. for LISTEN. */
export function clientOptions(connection: Connection): pg.ClientConfig {
  const options: pg.ClientConfig = { types: columnTypes, application_name: 'margrave' };
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

/** TypeORM's options. `poolSize` is the number of connections of this process, beside the few dedicated ones. */
export function dataSourceOptions(connection: Connection, poolSize: number): DataSourceOptions {
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
    applicationName: 'margrave',
    poolSize,
    connectTimeoutMS: 5_000,
    entities: [],
    migrations: migrationFiles(),
    migrationsTransactionMode: 'each',
    logging: false,
    extra: {
      types: columnTypes,
      statement_timeout: 60_000,
      idle_in_transaction_session_timeout: 60_000,
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
