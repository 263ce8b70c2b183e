import { afterAll, beforeAll, expect, it } from 'vitest';
import pg from 'pg';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { ServiceProcess } from '../../support/service-process.js';

let database: TestDatabase;
let db: pg.Client;
let agent: FakeMarzbanNode | undefined;
let replicas: ServiceProcess[] = [];
let environment: Record<string, string>;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  environment = {
    SUDO_USERNAME: 'root',
    SUDO_PASSWORD: 'correct horse',
    DATABASE_URL: addressOf(database.connection),
    DATABASE_POOL_SIZE: '4',
    JOB_RECORD_USER_USAGES_INTERVAL: '1',
  };
  db = new pg.Client(clientOptions(database.connection));
  await db.connect();
  replicas = await Promise.all([ServiceProcess.create(), ServiceProcess.create()]);
}, 60_000);
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.destroy()));
  await agent?.close();
  await db?.end();
  await database?.drop();
}, 60_000);

async function call(service: ServiceProcess, method: string, path: string, body?: object) {
  const answer = await fetch(service.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return answer.json() as Promise<never>;
}

it('an owner killed in the middle of a start leaves one core, and not a byte is lost or charged twice', async () => {
  const [first, second] = replicas as [ServiceProcess, ServiceProcess];
  await first.start(environment);
  const login = new URLSearchParams({ username: 'root', password: 'correct horse' });
  const answer = await fetch(`${first.url}/api/admin/token`, { method: 'POST', body: login });
  token = ((await answer.json()) as { access_token: string }).access_token;
  const { certificate } = (await call(first, 'GET', '/api/node/settings')) as { certificate: string };
  agent = await FakeMarzbanNode.start(certificate);
  const node = { name: 'DE', address: '127.0.0.1', port: agent.port, api_port: agent.apiPort };
  const { id } = (await call(first, 'POST', '/api/node', node)) as { id: number };
  await call(first, 'POST', '/api/user', { username: 'ann', proxies: { shadowsocks: {} } });
  const { rows } = await db.query<{ id: number }>("SELECT id FROM users WHERE username = 'ann'");
  const email = `${rows[0]!.id}.ann`;
  const used = async () =>
    (await db.query<{ used: string }>('SELECT used_traffic::text AS used FROM user_usage')).rows[0]!.used;
  await eventually(() => agent!.fake, 30_000);
  agent.fake!.count(email, 1_000n, 0n);
  await eventually(async () => (await used()) === '1000', 30_000);

  // The last bytes of the core are read while it is about to be ended; then its owner dies.
  agent.fake!.count(email, 0n, 234n);
  const session = agent.session;
  let isKilled = false;
  agent.beforeStart = async () => {
    if (isKilled) return;
    isKilled = true;
    first.signal('SIGKILL');
    await first.ended();
  };
  await call(first, 'POST', `/api/node/${id}/reconnect`);
  await eventually(() => isKilled, 30_000);
  await second.start(environment);
  const owner = async () =>
    (await db.query('SELECT FROM nodes WHERE id = $1 AND status = $2 AND message IS NULL', [id, 'connected']))
      .rowCount;
  await eventually(async () => agent!.isStarted && (await owner()) === 1, 60_000);
  agent.fake!.count(email, 5n, 0n);
  await eventually(async () => (await used()) === '1239', 30_000);
  await eventually(async () => {
    const { rows } = await db.query<{ left: boolean }>(
      'SELECT restart_generation <> applied_restart_generation AS left FROM nodes JOIN node_runtime ON node_id = id',
    );
    return rows.every(({ left }) => !left);
  }, 30_000);
  expect([agent.session, agent.isStarted, await used()]).toEqual([session, true, '1239']);
}, 180_000);
