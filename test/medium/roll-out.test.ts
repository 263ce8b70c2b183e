import { once } from 'node:events';
import { Agent, get } from 'node:http';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { RequestLoad } from '../support/request-load.js';
import { ServiceProcess } from '../support/service-process.js';

const ADMIN = { SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' };

let database: TestDatabase;
let environment: Record<string, string>;
let replicas: ServiceProcess[];

beforeEach(async () => {
  database = await createTestDatabase();
  const { socketDir, user, database: name } = database.connection as Record<string, string>;
  const url = `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(socketDir!)}`;
  environment = { ...ADMIN, DATABASE_URL: url, DATABASE_POOL_SIZE: '4' };
  replicas = await Promise.all([ServiceProcess.create(), ServiceProcess.create()]);
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.destroy()));
  await database.drop();
});

async function withClient(work: (db: pg.Client) => Promise<void>): Promise<void> {
  const db = new pg.Client(clientOptions(database.connection));
  await db.connect();
  await work(db).finally(() => db.end());
}

async function logIn(service: ServiceProcess): Promise<string> {
  const body = new URLSearchParams({ username: ADMIN.SUDO_USERNAME, password: ADMIN.SUDO_PASSWORD });
  const answer = await fetch(`${service.url}/api/admin/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

describe('a roll-out', { timeout: 180_000 }, () => {
  it('fails no request, neither on kept connections nor on new ones', async () => {
    const delayed = { ...environment, SHUTDOWN_DELAY: '3' };
    for (const replica of replicas) await replica.start(delayed);
    const [first, second] = replicas as [ServiceProcess, ServiceProcess];
    const token = await logIn(first);
    const load = new RequestLoad(
      replicas.map(({ url }) => url),
      '/api/admin',
      { authorization: `Bearer ${token}` },
    );
    await load.start({ 'keeps connections': 8, 'makes connections': 4 });
    for (const replica of [first, second]) {
      const before = load.answered;
      await eventually(() => load.answered > before + 200, 60_000);
      replica.signal('SIGTERM');
      await eventually(async () => (await replica.health('ready')) === 503);
      expect(await replica.health('live')).toBe(200);
      expect((await replica.ended()).code).toBe(0);
      await replica.start(delayed);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  it('hands work over at once, and closes web sockets at the end', async () => {
    const [service] = replicas as [ServiceProcess];
    await service.start({ ...environment, SHUTDOWN_DELAY: '6' });
    const token = await logIn(service);
    const socket = new WebSocket(`${service.url.replace('http', 'ws')}/api/core/logs?token=${token}`);
    await once(socket, 'open');
    let closed: number | undefined;
    socket.once('close', (code) => (closed = code));
    service.signal('SIGTERM');
    await eventually(async () => (await service.health('ready')) === 503);
    await withClient(async (db) => {
      const atWork = async () => (await db.query('SELECT FROM replica WHERE NOT draining')).rowCount;
      await eventually(async () => (await atWork()) === 0);
    });
    expect(closed).toBeUndefined();
    const answer = await fetch(`${service.url}/api/admin`, { headers: { authorization: `Bearer ${token}` } });
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    expect((await service.ended()).code).toBe(0);
    expect(await eventually(() => closed)).toBe(1001);
  });
});

describe('a stop without a delay', { timeout: 60_000 }, () => {
  it('answers once more on connections that are open', async () => {
    const [service] = replicas as [ServiceProcess];
    await service.start(environment);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
        get(`${service.url}/health/live`, { agent }, (response) => {
          response.resume();
          response.on('end', () => resolve([response.statusCode, response.headers.connection]));
        }).on('error', reject);
      });
    expect(await ask()).toEqual([200, 'keep-alive']);
    service.signal('SIGTERM');
    // Until the process has noticed, its answers are as before.
    const last = await eventually(async () => {
      const [status, connection] = await ask();
      expect(status).toBe(200);
      return connection === 'close' && [status, connection];
    });
    expect(last).toEqual([200, 'close']);
    expect((await service.ended()).code).toBe(0);
    agent.destroy();
  });
});
