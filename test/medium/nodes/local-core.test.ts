import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalNodesRepository } from '../../../src/features/nodes/ownership/local-nodes.repository.js';
import { WorkerNodesRepository } from '../../../src/features/nodes/worker-nodes.repository.js';
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

  it('belongs to its folder: another folder has its own, and all of them are Master', async () => {
    const otherDir = await mkdtemp(join(tmpdir(), 'margrave-local-'));
    const client = new pg.Client(clientOptions(database.connection));
    await client.connect();
    const other = await startApp({ ...settings(), dataDir: otherDir }, database.connection);
    const otherState = async () =>
      JSON.parse(await readFile(join(otherDir, 'xray', 'process.json'), 'utf8')) as { pid: number };
    const nodes = async () =>
      (
        await client.query<{ id: number; status: string; owner: string | null }>(
          `SELECT n.id, n.status, l.owner_id AS owner FROM nodes n
             LEFT JOIN node_lease l ON l.node_id = n.id AND l.expires_at > now() WHERE n.kind = 'local' ORDER BY n.id`,
        )
      ).rows;
    try {
      await eventually(
        async () => (await nodes()).filter(({ status }) => status === 'connected').length === 2,
      );
      const [first, second] = await nodes();
      expect((await otherState()).pid).not.toBe((await state()).pid);
      await addUser('fay');
      await eventually(async () => (await emails('B')).includes('fay'));
      for (const [index, node] of [first!, second!].entries()) {
        await client.query(
          `INSERT INTO node_usages (node_id, created_at, uplink, downlink)
           VALUES ($1, date_trunc('hour', now()) - interval '1 day', $2, 0)`,
          [node.id, 1_000_000 * (index + 1)],
        );
        await client.query(
          `INSERT INTO node_user_usages (user_id, created_at, node_id, used_traffic)
           SELECT id, date_trunc('hour', now()) - interval '1 day', $1, $2 FROM users WHERE username = 'fay'`,
          [node.id, 1_000 * (index + 1)],
        );
      }
      const usages = async (path: string) =>
        (await app.sudo.get(path)).json.usages as Record<string, unknown>[];
      const [master, ...others] = await usages('/api/nodes/usage');
      expect(master).toMatchObject({ node_id: null, node_name: 'Master' });
      expect(master!.uplink).toBeGreaterThanOrEqual(3_000_000);
      expect(others).toEqual([]);
      expect(await usages('/api/user/fay/usage')).toEqual([
        { node_id: null, node_name: 'Master', used_traffic: 3_000 },
      ]);
      // Nobody starts a core in the place of another folder's.
      const { pid } = await otherState();
      await app.close();
      await client.query(`SELECT pg_notify('node_wake', '999')`);
      await eventually(async () => (await nodes())[0]!.owner === null);
      await client.query('SELECT pg_sleep(2.5)');
      expect((await nodes()).map(({ owner }) => owner === null)).toEqual([true, false]);
      expect((await otherState()).pid).toBe(pid);
      app = await startApp(settings(), database.connection);
      await eventually(
        async () => (await nodes()).filter(({ status }) => status === 'connected').length === 2,
      );
      expect((await nodes()).map(({ id }) => id)).toEqual([first!.id, second!.id]);
    } finally {
      await client.end();
      await other.close();
      await rm(otherDir, { recursive: true, force: true });
    }
  }, 60_000);

  it('of a folder that was away for long has all that it needs when it is back', async () => {
    const local = app.app.get(LocalNodesRepository, { strict: false });
    const db = new pg.Client(clientOptions(database.connection));
    await db.connect();
    const away = randomUUID();
    await local.ensure(away);
    await db.query(
      `UPDATE nodes SET status = 'disabled', last_status_change = now() - interval '2 days' WHERE data_dir_id = $1`,
      [away],
    );
    await local.forgetUnseen();
    await db.query(
      `UPDATE nodes SET deleted_at = deleted_at - interval '1 hour' WHERE data_dir_id = $1 AND deleted_at IS NOT NULL`,
      [away],
    );
    await app.app.get(WorkerNodesRepository, { strict: false }).forgetDeleted();
    const { rowCount: forgotten } = await db.query(
      'SELECT FROM nodes n LEFT JOIN node_lease l ON l.node_id = n.id WHERE data_dir_id = $1 AND l.node_id IS NULL',
      [away],
    );
    await local.ensure(away);
    const { rows } = await db.query(
      `SELECT n.status::text, n.deleted_at FROM nodes n JOIN node_lease l ON l.node_id = n.id
         JOIN node_runtime r ON r.node_id = n.id WHERE n.data_dir_id = $1`,
      [away],
    );
    await db.query('DELETE FROM nodes WHERE data_dir_id = $1', [away]);
    await db.end();
    expect(forgotten).toBe(1);
    expect(rows).toEqual([{ status: 'connecting', deleted_at: null }]);
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
