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

  async function administer(sql: string): Promise<void> {
    const client = new pg.Client(clientOptions(server));
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}
