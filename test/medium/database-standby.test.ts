import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { EmbeddedPostgres } from '../../src/shared/database/embedded-postgres.js';
import { openDatabase } from '../../src/shared/database/ensure-database.js';
import { SUDO, startApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { eventually } from '../support/eventually.js';
import { migrateFromSources } from '../support/migrate-from-sources.js';

const UNAVAILABLE = [503, { detail: 'The database is not available, try again shortly' }];

const logIn = (app: TestApp, password: string) =>
  app.client().post('/api/admin/token', new URLSearchParams({ ...SUDO, password }));
const ready = async (app: TestApp) => {
  const { status, json } = await app.client().get('/health/ready');
  return [status, json];
};

describe('an address that leads to a standby after a switch-over', { timeout: 60_000 }, () => {
  let folder: string;
  let primary: EmbeddedPostgres;
  let standby: EmbeddedPostgres;
  let proxy: DatabaseProxy;
  let app: TestApp;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'margrave-standby-'));
    chmodSync(folder, 0o755); // as root, PostgreSQL runs as somebody else
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    const server = await EmbeddedPostgres.start({ folder: first, volatile: true });
    await migrateFromSources(server.connection);
    await server.stop();
    execFileSync('cp', ['-a', first, second]);
    writeFileSync(join(second, 'data/standby.signal'), '');
    primary = await EmbeddedPostgres.start({ folder: first, volatile: true });
    standby = await EmbeddedPostgres.start({ folder: second, volatile: true });
    proxy = await DatabaseProxy.before(primary.connection);
    app = await startApp({}, proxy.connection);
    app.app.useLogger(false); // what it has to say about the switch is expected
  });
  afterAll(async () => {
    await app?.close();
    await proxy?.close();
    await Promise.all([primary?.stop(), standby?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is refused with 503 whatever is asked, and left by itself once it leads to the primary', async () => {
    await app.sudo.post('/api/user', { username: 'before', proxies: { vless: {} } });
    expect(await ready(app)).toEqual([200, { status: 'ok' }]);
    proxy.leadTo(standby.connection);
    proxy.disconnectAll();
    for (const reply of [
      await app.sudo.get('/api/admins'),
      await app.sudo.get('/api/user/before'),
      await app.sudo.get('/api/users?limit=20000'),
      await app.sudo.post('/api/user', { username: 'during', proxies: { vless: {} } }),
      await app.sudo.put('/api/user/before', { note: 'x' }),
      await logIn(app, SUDO.password),
      await logIn(app, 'wrong'),
    ]) {
      expect([reply.status, reply.json]).toEqual(UNAVAILABLE);
    }
    await eventually(
      async () => (await ready(app))[1].detail === 'the database is a standby, which takes no writes',
    );
    // Nobody ends what was connected meanwhile.
    proxy.leadTo(primary.connection);
    await eventually(async () => (await ready(app))[0] === 200);
    const reply = await app.sudo.post('/api/user', { username: 'after', proxies: { vless: {} } });
    expect(reply.status).toBe(200);
    for (let i = 0; i < 4; i++) expect((await app.sudo.get('/api/user/after')).status).toBe(200);
    expect((await logIn(app, 'wrong')).status).toBe(401);
  });

  it('is waited out at a start', async () => {
    proxy.leadTo(standby.connection);
    const lines: string[] = [];
    const opening = {
      databaseUrl: proxy.connection.url,
      databaseWaitSeconds: 0,
      dataDir: folder,
      log: (line: string) => lines.push(line),
    };
    await expect(openDatabase(opening)).rejects.toThrow(
      /^Cannot use the database of DATABASE_URL .*: the server there is in recovery/,
    );
    const opened = openDatabase({ ...opening, databaseWaitSeconds: 60 });
    await eventually(() => lines.length > 0);
    proxy.leadTo(primary.connection);
    expect((await opened).description).toMatch(/^PostgreSQL \d/);
    expect(lines.join()).toContain('Waiting for the database of DATABASE_URL');
  });
});

describe('a database that its operator has made read-only', { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let app: TestApp;
  let operator: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startApp({}, database.connection);
    app.app.useLogger(false);
    operator = new pg.Client(clientOptions(database.connection));
    await operator.connect();
    await operator.query('SET default_transaction_read_only = off');
  });
  afterAll(async () => {
    await operator.end();
    await app.close();
    await database.drop();
  });

  /** From now on for each new session; those there are end, as in a restart. */
  async function set(readOnly: 'on' | 'off'): Promise<void> {
    const { database: name } = database.connection as { database: string };
    await operator.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${readOnly}`);
  }
  const disconnect = () =>
    operator.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );

  it('still serves what is read, answers writes with 503, and writes again without a restart', async () => {
    await app.sudo.post('/api/user', { username: 'alice', proxies: { vless: {} } });
    await set('on');
    await disconnect();
    await eventually(async () => (await app.sudo.get('/api/user/alice')).status === 200);
    for (const reply of [
      await app.sudo.put('/api/user/alice', { note: 'x' }),
      await app.sudo.post('/api/users/reset'),
      await logIn(app, 'wrong'),
    ]) {
      expect([reply.status, reply.json]).toEqual(UNAVAILABLE);
    }
    expect((await app.sudo.get('/api/user/alice')).status).toBe(200);
    await set('off');
    // Sessions keep the default they began with, so each must have been left.
    const writes = await eventually(async () => {
      const statuses = await Promise.all(
        Array.from({ length: 8 }, async (_, n) =>
          n % 2
            ? (await logIn(app, 'wrong')).status
            : (await app.sudo.put('/api/user/alice', { note: 'x' })).status,
        ),
      );
      return !statuses.includes(503) && statuses;
    });
    expect(writes.filter((status) => ![200, 401, 429].includes(status))).toEqual([]);
  });
});
