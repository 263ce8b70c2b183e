import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { Database } from '../../src/shared/database/database.js';
import { isDatabaseUnavailable } from '../../src/shared/database/unavailable.js';
import { startApp, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';

let app: TestApp;
let server: pg.Client;

beforeAll(async () => {
  app = await startApp();
  app.app.useLogger(false); // what it has to say about the outage is expected
  server = new pg.Client(clientOptions(inject('postgres')));
  await server.connect();
});
afterAll(async () => {
  await server.end();
  await app.close();
});

it('answers 503 while the database is away, and by itself again when it is back', async () => {
  const { database } = app.connection as { database: string };
  const disconnect = () =>
    server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
  await disconnect();
  // Under another name nobody finds it, as if it were down.
  await expect
    .poll(async () => {
      await disconnect();
      return server.query(`ALTER DATABASE ${database} RENAME TO ${database}_away`).then(
        () => true,
        () => false,
      );
    })
    .toBe(true);
  try {
    for (const reply of [
      await app.sudo.get('/api/admin'),
      await app.sudo.get('/api/admins'),
      await app.sudo.post('/api/admin', { username: 'x', is_sudo: false, password: 'x' }),
      await app.client().post('/api/admin/token', new URLSearchParams({ username: 'x', password: 'x' })),
    ]) {
      expect([reply.status, reply.json, reply.headers.get('retry-after')]).toEqual([
        503,
        { detail: 'The database is not available, try again shortly' },
        '2',
      ]);
    }
    expect((await app.client().get('/api/admin')).status).toBe(401);
    expect((await app.client().get('/health/live')).status).toBe(200);
  } finally {
    await server.query(`ALTER DATABASE ${database}_away RENAME TO ${database}`);
  }
  await expect.poll(async () => (await app.sudo.get('/api/admins')).status, { timeout: 5000 }).toBe(200);
});

it('is noticed by a transaction between two of its statements', async () => {
  const transaction = app.app.get(Database).transaction(async (tx) => {
    const row = await tx.row<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await server.query('SELECT pg_terminate_backend($1)', [row!.pid]);
    await eventually(() => tx.manager.queryRunner!.isReleased);
  });
  await expect(transaction).rejects.toSatisfy(isDatabaseUnavailable);
});
