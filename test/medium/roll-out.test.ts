import { once } from 'node:events';
import { Agent, get } from 'node:http';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { RequestLoad } from '../support/request-load.js';
import { CORE_CONFIG } from '../support/fake-fleet.js';
import { FakeMarzbanNode } from '../fakes/fake-marzban-node.js';
import { ServiceProcess } from '../support/service-process.js';

const ADMIN = { SUDO_USERNAME: 'root', SUDO_PASSWORD: 'correct horse' };

let database: TestDatabase;
let environment: Record<string, string>;
let replicas: ServiceProcess[];

beforeEach(async () => {
  database = await createTestDatabase();
  const url = addressOf(database.connection);
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

  it('restarts no core of a node, and users still reach it', async () => {
    const [first, second] = replicas as [ServiceProcess, ServiceProcess];
    const careful = { ...environment, NODE_API_SOURCES: '127.0.0.1' };
    await first.start(careful);
    const token = await logIn(first);
    const call = async (service: ServiceProcess, method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(service.url + path, { method, headers, body: body && JSON.stringify(body) });
      return (await answer.json()) as Record<string, unknown>;
    };
    const config = await call(first, 'PUT', '/api/core/config', CORE_CONFIG);
    expect(config).toMatchObject({ inbounds: [{ tag: 'VLESS' }, {}, {}, {}] });
    const { certificate } = await call(first, 'GET', '/api/node/settings');
    const agent = await FakeMarzbanNode.start(certificate as string);
    const { port, apiPort } = agent;
    const address = { name: 'far', address: '127.0.0.1', port, api_port: apiPort, add_as_new_host: false };
    const { id } = await call(first, 'POST', '/api/node', address);
    const reaches = async (service: ServiceProcess, username: string) => {
      const body = { username, proxies: { vless: {} } };
      const user = await call(service, 'POST', '/api/user', body);
      expect(user).toMatchObject({ username });
      await eventually(
        () => agent.fake!.emails('VLESS').some((email) => email.endsWith(`.${username}`)),
        30_000,
      );
    };
    await eventually(
      async () => (await call(first, 'GET', `/api/node/${id}`)).status === 'connected',
      30_000,
    );
    await reaches(first, 'ann');
    const core = agent.fake;
    await second.start(careful);
    for (const [leaving, staying] of [
      [first, second],
      [second, first],
    ] as const) {
      leaving.signal('SIGTERM');
      await reaches(staying, leaving === first ? 'ben' : 'cid');
      expect((await leaving.ended()).code).toBe(0);
      await leaving.start(careful);
    }
    expect(agent.fake).toBe(core);
    await agent.close();
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
