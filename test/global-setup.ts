import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { clientOptions } from '../src/shared/database/data-source.js';
import { EmbeddedPostgres } from '../src/shared/database/embedded-postgres.js';
import { migrateFromSources } from './support/migrate-from-sources.js';

export const TEMPLATE_DATABASE = 'margrave_template';

/** A place on the throw-away server where tests make their databases. */
export interface TestServer {
  socketDir: string;
  user: string;
  database: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}

/** One throw-away PostgreSQL for the whole run, with one migrated database that tests clone. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'margrave-test-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as somebody else
  const server = await EmbeddedPostgres.start({ folder: join(folder, 'postgres'), volatile: true });
  const teardown = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const connection = server.connection as TestServer;
    await makeTemplate(connection);
    project.provide('postgres', connection);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

async function makeTemplate(server: TestServer): Promise<void> {
  const client = new pg.Client(clientOptions(server));
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrateFromSources({ ...server, database: TEMPLATE_DATABASE });
}
