import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { TEMPLATE_DATABASE } from '../global-setup.js';

export interface TestDatabase {
  connection: Connection;
  drop(): Promise<void>;
}

/** A migrated database of its own for one test file, on the run's throw-away server. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject('postgres');
  const database = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATE_DATABASE}`);
  return {
    connection: { ...server, database },
    drop: () => administer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
  };
}

/** The address of a database of the run's server, for a process of its own. */
export function addressOf(connection: Connection): string {
  if ('url' in connection) return connection.url;
  const { user, database, socketDir } = connection;
  return `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(socketDir)}`;
}

/** Runs statements about databases, one after the other, on the run's server. */
export async function administer(...statements: string[]): Promise<void> {
  await runSql(inject('postgres'), ...statements);
}

/** Runs statements, one after the other. */
export async function runSql(connection: Connection, ...statements: string[]): Promise<void> {
  const client = new pg.Client(clientOptions(connection));
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
