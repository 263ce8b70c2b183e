import pg from 'pg';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';

export type EmbeddedConnection = Exclude<Connection, { url: string }>;

/** A database of this name on the benchmark's server, made anew, without tables. */
export async function freshDatabase(connection: Connection, name: string): Promise<EmbeddedConnection> {
  if ('url' in connection) throw new Error('the benchmark runs on the embedded database');
  await withClient(connection, async (admin) => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name}`);
  });
  return { ...connection, database: name };
}

export async function withClient<T>(connection: Connection, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = new pg.Client(clientOptions(connection));
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
}
