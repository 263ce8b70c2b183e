import { Logger } from '@nestjs/common';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../../src/app.js';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { openDatabase } from '../../src/shared/database/ensure-database.js';
import { testConfig } from '../support/app.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../support/database.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { eventually } from '../support/eventually.js';
import { migrateFromSources } from '../support/migrate-from-sources.js';
import { freePort, ServiceProcess } from '../support/service-process.js';

let service: ServiceProcess;
let database: TestDatabase;

beforeEach(async () => {
  service = await ServiceProcess.create();
  database = await createTestDatabase();
});
afterEach(async () => {
  await service.destroy();
  await database.drop();
});

const SUDO = { SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' };

/** The service does not find its database at once. It says so once in ten seconds, and never shows a stack. */
describe('a start', { timeout: 120_000 }, () => {
  it('waits for a database that is started after it, and says so', async () => {
    const port = await freePort();
    const { user, database: name } = database.connection as Record<string, string>;
    service.spawn({ DATABASE_URL: `postgresql://${user}@127.0.0.1:${port}/${name}`, ...SUDO });
    await eventually(() => service.output.includes('Waiting for the database'), 30_000);
    expect(service.output).toMatch(
      /Waiting for the database of DATABASE_URL \(127\.0\.0\.1:\d+\/test_\w+\), 60 s more: nothing answers there/,
    );
    const proxy = await DatabaseProxy.before(database.connection, port);
    await eventually(async () => (await service.health('ready')) === 200, 60_000);
    expect(service.errors).toBe('');
    service.signal('SIGTERM');
    expect((await service.ended()).code).toBe(0);
    await proxy.close();
  });

  it('ends at once when its database has no such name', async () => {
    const nowhere = { ...database, connection: { ...database.connection, database: 'nowhere' } };
    const url = addressOf((nowhere as TestDatabase).connection);
    expect((await service.spawn({ DATABASE_URL: url }).ended()).code).toBe(1);
    expect(service.errors).toBe(
      'Cannot use the database of DATABASE_URL (localhost:5432/nowhere): database "nowhere" does not exist\n',
    );
    expect(service.output).not.toContain('Waiting');
  });

  it('that is waiting can be stopped', async () => {
    service.spawn({ DATABASE_URL: `postgresql://u@127.0.0.1:${await freePort()}/x` });
    await eventually(() => service.output.includes('Waiting for the database'), 30_000);
    service.signal('SIGTERM');
    expect((await service.ended()).code).toBe(0);
  });

  it('that has to wait for others says what it is at, and for whom', async () => {
    const other = new pg.Client({ ...clientOptions(database.connection), application_name: 'a backup' });
    await other.connect();
    await other.query('BEGIN; LOCK TABLE admins');
    service.spawn({ DATABASE_URL: addressOf(database.connection), ...SUDO });
    await eventually(() => {
      expect(service.output).toMatch(
        /A statement has waited \d+ s for what process \d+ \(a backup, idle in transaction for \d+ s\) has locked: /,
      );
      expect(service.output).toMatch(
        /Not started yet after \d+ s, of which it worked [\d.]+ s; it is starting its parts/,
      );
      return true;
    }, 60_000);
    await other.end();
    await eventually(async () => (await service.health('ready')) === 200, 60_000);
  });

  it('waits out a database that goes away while it is set up', async () => {
    const proxy = await DatabaseProxy.before(await emptied(database));
    proxy.interruptAt(15, 700); // after a few for the first look at it
    await service.start({ DATABASE_URL: proxy.connection.url, ...SUDO });
    expect(proxy.interrupted).toBe(true);
    expect(service.errors).toBe('');
    expect(service.output).toContain('Waiting for the database of DATABASE_URL');
    expect(service.output).not.toMatch(/"stack"|^ +at /m);
    service.signal('SIGTERM');
    expect((await service.ended()).code).toBe(0);
    await proxy.close();
  });

  it('waits out a database that goes away at any later moment', async () => {
    const proxy = await DatabaseProxy.before(database.connection);
    const lines: string[] = [];
    const start = async () => {
      const config = testConfig({ databaseUrl: proxy.connection.url, databaseWaitSeconds: 60 });
      const opened = await openDatabase({ ...config, log: (line) => lines.push(line) });
      return (await startApp(config, opened)).app;
    };
    const errors: unknown[] = [];
    Logger.overrideLogger({ log: () => {}, warn: () => {}, error: (...all: unknown[]) => errors.push(all) });
    await (await start()).close();
    const pieces = proxy.sent;
    const STARTS = 10;
    for (let i = 1; i <= STARTS; i++) {
      // Those at the end are the farewell, when the start is over.
      proxy.interruptAt(proxy.sent + Math.ceil((pieces * i) / (STARTS + 1)), 700);
      await (await start()).close();
    }
    // Nodes may say that they wait; the start itself has nothing to complain of.
    expect(JSON.stringify(errors)).not.toContain('ExceptionHandler');
    expect(lines.join()).toContain('Waiting for the database of DATABASE_URL');
    await proxy.close();
  });
});

describe('setting up the database', () => {
  const holdingLock = async (work: (release: () => Promise<unknown>) => Promise<void>) => {
    const other = new pg.Client(clientOptions(database.connection));
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT pg_advisory_xact_lock(7345001)');
    await work(() => other.query('COMMIT')).finally(() => other.end());
  };

  it('waits for another replica that does it, and says so', async () => {
    const connection = await emptied(database);
    await holdingLock(async (release) => {
      const lines: string[] = [];
      const migrating = migrateFromSources(connection, {
        log: (line) => lines.push(line),
        waitMs: 50,
      });
      await eventually(() => lines.includes('Another replica is setting up the database; waiting for it'));
      await release();
      await migrating;
    });
  });

  it('can be stopped while it waits', async () => {
    const connection = await emptied(database);
    await holdingLock(async () => {
      const stopped = migrateFromSources(connection, {
        log: () => undefined,
        waitMs: 50,
        signal: AbortSignal.abort(),
      });
      await expect(stopped).rejects.toThrow('Stopped before the start was complete.');
    });
  });

  it('waits for nobody when there is nothing to do', async () => {
    await holdingLock(() => migrateFromSources(database.connection));
  });

  it('leaves nothing behind when it fails', async () => {
    const connection = await emptied(database);
    const client = new pg.Client(clientOptions(connection));
    await client.connect();
    await client.query('CREATE TABLE node_lease ()'); // in the way of a later migration's table
    await expect(migrateFromSources(connection)).rejects.toThrow('relation "node_lease" already exists');
    const { rows } = await client.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    );
    expect(rows).toEqual([{ relname: 'node_lease' }]);
    await client.query('DROP TABLE node_lease');
    await migrateFromSources(connection);
    await client.end();
  });
});

async function emptied({ connection }: TestDatabase): Promise<Connection> {
  const client = new pg.Client(clientOptions(connection));
  await client.connect();
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await client.end();
  return connection;
}
