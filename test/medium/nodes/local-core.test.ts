import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { processIdentity, XrayProcess } from '../../../src/xray/process/index.js';
import { startApp, type TestApp, testConfig } from '../../support/app.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();

const inbound = (tag: string, port: number) => ({
  tag,
  listen: '127.0.0.1',
  port,
  protocol: 'trojan',
  settings: {},
});
const coreConfig = (...tags: string[]) => ({
  inbounds: tags.map((tag, index) => inbound(tag, 18441 + index)),
  outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
});

describe.skipIf(!xray)('the local core', () => {
  let dataDir: string;
  let database: TestDatabase;
  let app: TestApp;
  const settings = () => {
    const defaults = testConfig();
    return {
      dataDir,
      xray: { ...defaults.xray, executablePath: xray!.path, json: JSON.stringify(coreConfig('A')) },
      jobs: { ...defaults.jobs, userUsagesSeconds: 1, nodeUsagesSeconds: 1 },
    };
  };
  const folder = () => join(dataDir, 'xray');
  const state = async () =>
    JSON.parse(await readFile(join(folder(), 'process.json'), 'utf8')) as { pid: number; startedAt: number };
  const isStarted = async () => (await app.sudo.get('/api/core')).json.started as boolean;
  const emails = async (tag: string): Promise<string[]> => {
    const client = (await XrayProcess.adopt(folder()))!.connect();
    try {
      return (await client.listUsers(tag)).map(({ email }) => email.replace(/^\d+\./, '')).toSorted();
    } finally {
      client.close();
    }
  };
  const addUser = (username: string) => app.sudo.post('/api/user', { username, proxies: { trojan: {} } });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'margrave-local-'));
    database = await createTestDatabase();
    app = await startApp(settings(), database.connection);
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('is started with the service', async () => {
    await eventually(isStarted, 5_000);
    expect((await app.sudo.get('/api/core')).json.version).toBe(xray!.version);
  });

  it('has new users at once, and loses those who are disabled', async () => {
    await addUser('ann');
    await addUser('ben');
    await eventually(async () => (await emails('A')).join() === 'ann,ben', 2_000);
    await app.sudo.put('/api/user/ann', { status: 'disabled' });
    await eventually(async () => (await emails('A')).join() === 'ben', 2_000);
  });

  it('is back within seconds after its death, with its users', async () => {
    const before = await state();
    process.kill(before.pid, 'SIGKILL');
    await eventually(
      async () => (await state()).pid !== before.pid && (await emails('A')).join() === 'ben',
      5_000,
    );
    await eventually(isStarted);
  });

  it('is restarted for another config', async () => {
    const before = await state();
    await app.sudo.put('/api/core/config', coreConfig('A', 'B'));
    await eventually(async () => (await state()).pid !== before.pid && (await emails('B')).join() === 'ben');
  });

  it('passes to another service that is there when its own ends', async () => {
    const before = await state();
    const successor = await startApp(settings(), database.connection);
    await app.close();
    app = successor;
    await eventually(isStarted);
    expect((await state()).pid).not.toBe(before.pid); // an orderly end takes the core along
    await eventually(async () => (await emails('B')).join() === 'ben');
  });

  it('ends with its service', async () => {
    const { pid } = await state();
    await app.close();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    app = await startApp(settings(), database.connection);
  });

  it('that survived is adopted without a restart, also when it heard nothing for a while', async () => {
    await eventually(isStarted);
    const { pid } = await state();
    const [lease, sql] = [
      new pg.Client(clientOptions(database.connection)),
      'UPDATE node_lease SET owner_id = gen_random_uuid(), epoch = epoch + 1',
    ];
    await lease.connect();
    await lease.query(sql); // its owner may not act on it any more, as if it were dead
    await lease.query(`UPDATE node_runtime SET owner_epoch = owner_epoch + 1`);
    await addUser('dan');
    await lease.query(`UPDATE node_lease SET expires_at = '-infinity'`);
    await lease.end();
    await eventually(async () => (await emails('B')).join() === 'ben,dan');
    expect((await state()).pid).toBe(pid);
  });

  it('does not go on when another machine has taken its place', async () => {
    const { pid } = await state();
    const client = new pg.Client(clientOptions(database.connection));
    await client.connect();
    await client.query(
      `UPDATE node_lease SET owner_id = gen_random_uuid(), epoch = epoch + 1, expires_at = now() + interval '1 minute'`,
    );
    await client.query('UPDATE node_runtime SET owner_epoch = owner_epoch + 1');
    // Its owner here is dead: the number of its process belongs to another one.
    const path = join(folder(), 'owner.json');
    await writeFile(
      path,
      JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), identity: 'another' }),
    );
    await eventually(() => processIdentity(pid) === undefined);
    await client.query(`UPDATE node_lease SET expires_at = '-infinity'`);
    await client.end();
    await eventually(async () => (await state()).pid !== pid && (await emails('B')).join() === 'ben,dan');
  });

  it('ends with its service also when the database is gone', async () => {
    const { pid } = await state();
    await database.drop();
    await app.close();
    expect(processIdentity(pid)).toBeUndefined();
    database = await createTestDatabase();
    app = await startApp(settings(), database.connection);
  });
});
