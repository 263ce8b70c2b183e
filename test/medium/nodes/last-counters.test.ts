import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import type { FakeXray } from '../../fakes/fake-xray.js';
import type { TestApp } from '../../support/app.js';
import { testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { CORE_CONFIG, type FakeFleet, startFakeFleet } from '../../support/fake-fleet.js';

// Nothing is polled by the clock here.
const jobs = { ...testConfig().jobs, userUsagesSeconds: 3600, nodeUsagesSeconds: 3600 };

describe('what a core counts until its end', () => {
  let fleet: FakeFleet;
  /** The service that works on the nodes. */
  let worker: TestApp | undefined;
  /** Holds rows, so that the service is held up at a known place. */
  let other: pg.Client;
  let node: FakeNode;
  let nodeId: number;
  let userId: number;
  let core: FakeXray;

  beforeAll(async () => {
    fleet = await startFakeFleet({ jobs, role: 'api' });
    other = new pg.Client(clientOptions(fleet.connection));
    await other.connect();
  });
  afterAll(async () => {
    await other?.end();
    await worker?.close();
    await fleet?.close();
  });

  beforeEach(async () => {
    worker ??= await fleet.replica({ jobs });
    ({ node, id: nodeId } = await fleet.addNode());
    userId = await fleet.addUser(`user${nodeId}`);
    await eventually(async () => (await fleet.sudo.get(`/api/node/${nodeId}`)).json.status === 'connected');
    core = node.core!;
    await other.query('BEGIN');
  });
  afterEach(async () => {
    await other.query('ROLLBACK');
    await fleet.sql(`UPDATE nodes SET status = 'disabled' WHERE id = $1`, [nodeId]);
  });

  const count = (bytes: bigint) => {
    core.count(`${userId}.user${nodeId}`, bytes, 0n);
    core.countOutbound('DIRECT', 0n, bytes);
  };
  /** When the service waits for a lock in a statement that holds this text. */
  const heldUp = (text: string) =>
    eventually(async () => {
      const waiting = await fleet.sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND query LIKE '%' || $1 || '%'`,
        [text],
      );
      return waiting.length > 0;
    });
  const charged = async () =>
    (
      await fleet.sql(
        `SELECT used_traffic::text AS used, (SELECT downlink::text FROM nodes WHERE id = $2) AS downlink
           FROM user_usage WHERE user_id = $1`,
        [userId, nodeId],
      )
    )[0];

  const config = (port: number) => ({
    ...CORE_CONFIG,
    inbounds: CORE_CONFIG.inbounds.map((inbound) => ({ ...inbound, port: inbound.port + port })),
  });
  const restart = () => fleet.sudo.post('/api/core/restart');

  it.each<[string, () => Promise<unknown>]>([
    ['an operator restarts it', restart],
    ['another config takes its place', () => fleet.sudo.put('/api/core/config', config(nodeId))],
    ['its node is disabled', () => fleet.sudo.put(`/api/node/${nodeId}`, { status: 'disabled' })],
    ['its node is deleted', () => fleet.sudo.delete(`/api/node/${nodeId}`)],
  ])('is charged when %s, also what comes while earlier bytes are charged', async (_, act) => {
    count(23n);
    await other.query('SELECT FROM user_usage WHERE user_id = $1 FOR UPDATE', [userId]);
    await act();
    await heldUp('user_usage');
    count(7_777n);
    await other.query('COMMIT');
    await eventually(() => !core.isAlive);
    await eventually(async () => (await charged())!.used === '7800');
    expect(await charged()).toEqual({ used: '7800', downlink: '7800' });
  });

  it('is charged also what comes while its successor is being prepared', async () => {
    node.beforeStart = async () => count(700n);
    await other.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await restart();
    await heldUp('excluded_inbounds'); // its users are being read
    count(7_077n);
    await other.query('COMMIT');
    await eventually(() => node.starts === 2 && node.core?.isAlive);
    await eventually(async () => (await charged())!.used === '7777');
  });

  it('is charged when the successor is refused, and the last good config takes its place', async () => {
    node.refuses = '41414';
    count(7_777n);
    await fleet.sudo.put('/api/core/config', config(41_414 - 31_001));
    await eventually(async () => (await fleet.sudo.get(`/api/node/${nodeId}`)).json.status === 'error');
    expect(await charged()).toEqual({ used: '7777', downlink: '7777' });
  });

  // For another coefficient it is read at once.
  const change = (facts: object) => fleet.sudo.put(`/api/node/${nodeId}`, facts);
  it.each<[string, number, () => Promise<unknown>, () => Promise<unknown>]>([
    ['dies', 2, () => change({ usage_coefficient: 2 }), () => core.kill()],
    ['is restarted', 2, () => change({ usage_coefficient: 2 }), restart],
    ['is ended for good', 1, () => change({ status: 'disabled' }), async () => undefined],
  ])('is charged when the database was away while it %s', async (_, starts, act, end) => {
    count(7_777n);
    await other.query('SELECT FROM user_usage WHERE user_id = $1 FOR UPDATE', [userId]);
    await act();
    await heldUp('user_usage');
    await end();
    await eventually(async () => {
      const isOver = !core.isAlive;
      const ended = await fleet.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return isOver && ended.length > 0; // also what is tried when it is over
    });
    await other.query('COMMIT');
    await eventually(async () => (await charged())!.used === '7777');
    await eventually(() => node.starts === starts);
  });

  it.each<[string, number, () => Promise<unknown>, () => void]>([
    ['an operator restarts it', 2, restart, () => core.failNext('GetSysStats', 'hang')],
    [
      'another config takes its place',
      2,
      () => fleet.sudo.put('/api/core/config', config(nodeId + 1_000)),
      () => core.failNext('QueryStats', 'hang'),
    ],
    [
      'its node is disabled',
      1,
      () => change({ status: 'disabled' }),
      () => core.failNext('QueryStats', 'lose_reply', 2),
    ],
  ])(
    'is charged when %s while an answer is late, or lost',
    async (_, starts, act, fail) => {
      count(7_777n);
      fail();
      await act();
      await eventually(() => !core.isAlive, 30_000);
      await eventually(async () => (await charged())!.used === '7777');
      await eventually(() => node.starts === starts);
      expect(await charged()).toEqual({ used: '7777', downlink: '7777' });
    },
    60_000,
  );

  it('holds up the end of a core that hangs, but only for a while', async () => {
    core.failNext('QueryStats', 'hang', 1_000);
    await restart();
    await eventually(() => node.starts === 2, 60_000);
  }, 80_000);

  it('is left to another replica that the node belongs to by then, and so is the core', async () => {
    let given = '';
    node.beforeStart = async () => {
      node.beforeStart = async () => undefined;
      const [lease] = await fleet.sql<{ epoch: string }>(
        `WITH other AS (
           UPDATE node_lease SET owner_id = gen_random_uuid(), epoch = epoch + 1, expires_at = now() + interval '1 hour'
            WHERE node_id = $1 RETURNING node_id, epoch)
         UPDATE node_runtime r SET owner_epoch = other.epoch FROM other WHERE r.node_id = other.node_id
         RETURNING owner_epoch::text AS epoch`,
        [nodeId],
      );
      given = lease!.epoch;
    };
    count(7_777n); // so that the database has a word to say
    await restart();
    await eventually(() => given !== '');
    await fleet.sql(`UPDATE node_lease SET expires_at = '-infinity' WHERE node_id = $1`, [nodeId]); // it is gone
    await eventually(async () => {
      const [row] = await fleet.sql<{ isDone: boolean }>(
        `SELECT r.applied_restart_generation = n.restart_generation AS "isDone"
           FROM node_runtime r JOIN nodes n ON n.id = r.node_id WHERE r.node_id = $1`,
        [nodeId],
      );
      return row!.isDone;
    });
    expect(node.starts).toBe(2); // by the one that took it next
  });

  it('is charged when it ends with its service, also if it answers late', async () => {
    core.failNext('QueryStats', 'hang');
    node.endsWithOwner = true;
    await other.query('SELECT FROM nodes WHERE id = $1 FOR UPDATE', [nodeId]);
    const ending = worker!.close();
    worker = undefined;
    await heldUp('last_status_change');
    count(7_777n);
    await other.query('COMMIT');
    await ending;
    expect(core.isAlive).toBe(false);
    expect(await charged()).toEqual({ used: '7777', downlink: '7777' });
  });
});
