import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionWatch } from '../../src/shared/database/connection-watch.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { DatabaseEvents } from '../../src/shared/database/database-events.js';
import { Database } from '../../src/shared/database/database.js';
import { PipelinedClients } from '../../src/shared/database/pipelined-clients.js';
import { SUDO, startApp, type Reply, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { eventually } from '../support/eventually.js';

/** A request is answered within ten seconds; the rest is for a slow machine. */
const ANSWER_MS = 20_000;

let database: TestDatabase;
let proxy: DatabaseProxy;
let app: TestApp;
let links: string;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await DatabaseProxy.before(database.connection);
  app = await startApp({}, proxy.connection);
  app.app.useLogger(false); // what it has to say about the losses is expected
  await app.sudo.post('/api/user', { username: 'alice', proxies: { vless: {} } });
  links = (await app.sudo.get('/api/user/alice')).json.subscription_url as string;
});
afterAll(async () => {
  await app.close();
  await proxy.close();
  await database.drop();
});

const ready = async () => (await app.client().get('/health/ready')).status;

/** One request for each kind of connection and of use: pool, pipelined, transaction, cursor. */
const everyKind = (): Promise<Reply[]> =>
  Promise.all([
    app.sudo.get('/api/admins'),
    app.sudo.get('/api/user/alice'),
    app.client().get(new URL(links, 'http://x').pathname),
    app.client().post('/api/admin/token', new URLSearchParams(SUDO)),
    app.sudo.put('/api/user/alice', { note: 'x' }),
    app.sudo.get('/api/users?limit=20000'),
    app.sudo.post('/api/users/reset'),
  ]);
const wholesome = (reply: Reply) => reply.status === 200;

describe('a database that vanishes without a word', { timeout: 90_000 }, () => {
  afterEach(async () => {
    proxy.swallowsNew = false;
    await eventually(async () => (await ready()) === 200, ANSWER_MS);
  });

  it('costs 503 on the connections that were lost, and is found again on new ones', async () => {
    // Many at once, so that every connection of the pool is open and idle.
    await Promise.all(Array.from({ length: 5 }, () => everyKind()));
    proxy.loseAll();
    const begun = performance.now();
    const replies = await Promise.all(Array.from({ length: 5 }, () => everyKind()));
    expect(performance.now() - begun).toBeLessThan(ANSWER_MS);
    expect(replies.flat().filter((reply) => reply.status === 503)).not.toEqual([]);
    expect(replies.flat().filter((reply) => !wholesome(reply) && reply.status !== 503)).toEqual([]);
    await eventually(async () => (await everyKind()).every(wholesome), ANSWER_MS);
    await eventually(() => proxy.believedIn === 0, ANSWER_MS);
  });

  it('makes the service unready, as does any one kind of connection, until it is back', async () => {
    expect(await ready()).toBe(200);
    proxy.swallowsNew = true;
    proxy.loseAll();
    expect(await ready()).toBe(503);
    const replies = await everyKind();
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 503));
    expect((await app.client().get('/health/live')).status).toBe(200);
    await eventually(() => proxy.believedIn === 0, ANSWER_MS);
    proxy.swallowsNew = false;
    await eventually(async () => (await everyKind()).every(wholesome), ANSWER_MS);
  });

  it('is noticed on the connection for notifications, though nothing is ever asked there', async () => {
    const events = app.app.get(DatabaseEvents, { strict: false });
    const heard: string[] = [];
    const stop = events.on('node_wake', (payload) => heard.push(payload));
    proxy.loseAll();
    await eventually(() => heard.length > 0, ANSWER_MS); // told to look for what it missed
    const other = new pg.Client(clientOptions(database.connection));
    await other.connect();
    await other.query(`NOTIFY node_wake, '7'`);
    await other.end();
    await eventually(() => heard.includes('7'));
    stop();
  });

  it('is not taken for one that works on a slow statement', async () => {
    const db = app.app.get(Database, { strict: false });
    await db.run('SELECT pg_sleep(9)');
    expect(await db.transaction((tx) => tx.row(`SELECT 1 AS n FROM pg_sleep(6)`))).toEqual({ n: 1 });
  });

  it('leaves nothing open that keeps the service from stopping', async () => {
    const replica = await startApp({}, proxy.connection);
    await replica.sudo.get('/api/users');
    proxy.swallowsNew = true;
    proxy.loseAll();
    await replica.close();
  });
});

describe('pipelined connections', () => {
  let clients: PipelinedClients;
  beforeEach(() => {
    clients = new PipelinedClients(2, database.connection, new ConnectionWatch(database.connection), 200);
  });
  afterEach(() => clients.end());

  it('are replaced every so often, and no query notices', async () => {
    const pid = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid, $1::int AS n' };
    const pids = new Set<number>();
    await eventually(async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => clients.rows<{ pid: number; n: number }>(pid, [n])),
      );
      expect(answers.map(([row]) => row!.n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
      for (const [row] of answers) pids.add(row!.pid);
      return pids.size >= 6;
    });
  });
});
