import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { startApp, SUDO, type TestApp, testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { CORE_CONFIG, type FakeFleet, startFakeFleet } from '../../support/fake-fleet.js';
import { openLog } from '../../support/log-socket.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();

describe.skipIf(!xray)('a config with a port that somebody else has', () => {
  let dataDir: string;
  let service: TestApp;
  let db: pg.Client;
  let somebody: Server;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'margrave-refused-'));
    const defaults = testConfig();
    service = await startApp({
      dataDir,
      xray: { ...defaults.xray, executablePath: xray!.path, json: JSON.stringify(config(await freePort())) },
    });
    db = new pg.Client(clientOptions(service.connection));
    await db.connect();
    somebody = createServer().listen(0, '127.0.0.1');
    await once(somebody, 'listening');
  });
  afterAll(async () => {
    somebody?.close();
    await db?.end();
    await service?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const config = (port: number) => ({
    inbounds: [{ tag: 'A', listen: '127.0.0.1', port, protocol: 'trojan', settings: {} }],
    outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
  });
  const core = async () => (await service.sudo.get('/api/core')).json;
  const master = async () =>
    (await db.query(`SELECT * FROM nodes n JOIN node_runtime r ON r.node_id = n.id WHERE kind = 'local'`))
      .rows[0];

  it('leaves the last good one running, and everyone can see which runs and why', async () => {
    const runs = { version: xray!.version, started: true, logs_websocket: '/api/core/logs' };
    await eventually(async () => (await core()).started);
    const { port } = somebody.address() as AddressInfo;
    const saved = await service.sudo.put('/api/core/config', config(port));
    expect([saved.status, saved.json]).toEqual([200, config(port)]); // Xray's check cannot know
    await eventually(async () => (await master()).refusals > 0);
    expect(await core()).toEqual(runs);
    expect(await master()).toMatchObject({ status: 'error', xray_version: xray!.version });
    expect((await master()).message).toMatch(
      new RegExp(`^config v2 refused, running v1: .*127\\.0\\.0\\.1:${port}.*address already in use`),
    );
    const token = await service.login(SUDO.username, SUDO.password);
    const log = await openLog(service.url, '/api/core/logs', token);
    expect((await log.received(1))[0]).toMatch(/^config v2 refused, running v1: /);
    log.socket.close();
  });

  it('is tried again, each time after a longer pause, until it runs', async () => {
    const before = await master();
    await retryNow();
    await eventually(async () => (await master()).refusals > before.refusals);
    const after = await master();
    expect(after.retry_refused_at - after.last_status_change).toBeGreaterThan(9_000);
    expect(after.core_epoch - before.core_epoch).toBe(BigInt(after.refusals - before.refusals));
    expect((await core()).started).toBe(true);
    somebody.close();
    await once(somebody, 'close');
    await retryNow();
    await eventually(async () => (await master()).status === 'connected');
    expect(await master()).toMatchObject({ message: null, refusals: 0, retry_refused_at: null });
    expect((await core()).started).toBe(true);
  });

  const retryNow = () => db.query('UPDATE node_runtime SET retry_refused_at = now()');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a config that the core of a node refuses', () => {
  let fleet: FakeFleet;

  beforeAll(async () => {
    fleet = await startFakeFleet();
  });
  afterAll(() => fleet?.close());

  it('is shown at the node, while its users are served and its traffic is charged', async () => {
    const { id, node } = await fleet.addNode();
    const shown = async () => (await fleet.sudo.get(`/api/node/${id}`)).json;
    await eventually(async () => (await shown()).status === 'connected');
    node.refuses = '31524';
    const inbounds = CORE_CONFIG.inbounds.map((inbound) => ({ ...inbound, port: inbound.port + 523 }));
    await fleet.sudo.put('/api/core/config', { ...CORE_CONFIG, inbounds });
    await eventually(async () => (await shown()).status === 'error');
    expect(await shown()).toMatchObject({
      xray_version: null,
      message: 'config v2 refused, running v1: config holds 31524',
    });
    expect((await fleet.sudo.get('/api/core')).json).toMatchObject({ version: '26.3.27', started: true });
    const user = await fleet.addUser('ann');
    node.core!.count(`${user}.ann`, 1n, 1n);
    await eventually(
      async () => (await fleet.sql('SELECT FROM user_usage WHERE used_traffic = 2')).length === 1,
    );

    // A core that dies meanwhile comes back at once with what is good, and the refusal is still told.
    await node.core!.kill();
    await eventually(() => node.core?.isAlive);
    await eventually(async () => (await shown()).message?.startsWith('config v2 refused, running v1'));

    // So does one that did not answer for a while.
    const starts = node.starts;
    node.core!.failNext('QueryStats', 'refuse', 1_000);
    await eventually(async () => (await shown()).message?.includes('out of order'));
    node.core!.recover();
    await eventually(async () => (await shown()).message?.startsWith('config v2 refused, running v1'));
    expect(node.starts).toBe(starts);

    node.refuses = undefined;
    await fleet.sql('UPDATE node_runtime SET retry_refused_at = now()');
    await eventually(async () => (await shown()).status === 'connected');
    expect(await shown()).toMatchObject({ xray_version: '26.3.27', message: null });
  });
});
