import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { CoreConfigs } from '../../../src/features/core/index.js';
import { Ownership } from '../../../src/features/nodes/ownership/ownership.js';
import { readMarkers } from '../../../src/xray/config/index.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import type { TestApp } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { copies, CORE_CONFIG, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('the control of nodes', () => {
  let fleet: FakeFleet;
  let warn: MockInstance;

  beforeAll(async () => {
    warn = vi.spyOn(Logger.prototype, 'warn');
    fleet = await startFakeFleet();
  });
  afterAll(async () => {
    warn.mockRestore();
    await fleet?.close();
  });

  const row = async (id: number) =>
    (await fleet.sql('SELECT status, xray_version, message FROM nodes WHERE id = $1', [id]))[0];
  const ownerOf = async (id: number) =>
    (
      await fleet.sql<{ owner: string; epoch: string }>(
        'SELECT owner_id AS owner, epoch FROM node_lease WHERE node_id = $1 AND expires_at > now()',
        [id],
      )
    )[0];
  const calls = (node: FakeNode) => node.core!.totalCalls;
  /** What the markers tell of the config. */
  const markers = (node: FakeNode) =>
    node.core!.outboundTags().flatMap((tag) => readMarkers([tag]).config ?? []);
  /** Whoever works on the node has seen all that was written before. */
  const serves = async (node: FakeNode, username: string) => {
    const id = await fleet.addUser(username);
    await eventually(() => copies(node.core!, `${id}.${username}`) === TAGS.length);
  };
  const withPort = (port: number) => ({
    ...CORE_CONFIG,
    inbounds: CORE_CONFIG.inbounds.map((inbound) => ({ ...inbound, port: inbound.port + port })),
  });

  it('starts the core of a node and shows it connected with its version', async () => {
    const { id } = await fleet.addNode();
    await eventually(async () => (await row(id))?.status === 'connected');
    expect(await row(id)).toEqual({ status: 'connected', xray_version: '26.3.27', message: null });
  });

  it('restarts a core for another config, and for nothing else', async () => {
    const { node } = await fleet.addNode();
    const [before] = markers(node);
    const { sudo } = fleet;
    const { json: source } = await sudo.get('/api/core/config');
    await sudo.put('/api/core/config', Object.fromEntries(Object.entries(source as object).reverse()));
    await serves(node, 'ann');
    expect(node.starts).toBe(1);
    await sudo.put('/api/core/config', withPort(10));
    await eventually(() => node.starts === 2 && markers(node)[0] !== before);
  });

  it('restarts every core when an operator asks, once for many requests', async () => {
    const { id, node } = await fleet.addNode();
    await Promise.all([1, 2, 3].map(() => fleet.sudo.post('/api/core/restart')));
    await eventually(async () => {
      const done = await fleet.sql(
        `SELECT FROM nodes n JOIN node_runtime r ON r.node_id = n.id
          WHERE n.id = $1 AND restart_generation = 4 AND applied_restart_generation = restart_generation`,
        [id],
      );
      return done.length === 1;
    });
    await serves(node, 'abe');
    expect(node.starts).toBeGreaterThanOrEqual(2);
    expect(node.starts).toBeLessThanOrEqual(3);
  });

  it('goes on with the last good config when the core refuses another, and says so', async () => {
    const { id, node } = await fleet.addNode();
    await eventually(async () => (await row(id))?.status === 'connected');
    const { sudo } = fleet;
    const good = markers(node);
    node.refuses = '31524';
    await sudo.put('/api/core/config', withPort(523));
    await eventually(async () => (await row(id))?.status === 'error');
    expect((await row(id))?.message).toMatch(/^config v\d+ refused, running v\d+: config holds 31524$/);
    expect(markers(node)).toEqual(good);
    const { core } = node;
    await serves(node, 'ben');
    expect(node.core).toBe(core); // not tried again and again
    node.refuses = undefined;
    await sudo.put('/api/core/config', withPort(0));
    await eventually(async () => (await row(id))?.status === 'connected');
  });

  it('starts a core that died at once', async () => {
    const { node } = await fleet.addNode();
    await node.core!.kill();
    await eventually(() => node.starts === 2 && node.core?.isAlive, 2_000);
  });

  it('tries an unwilling core again with growing pauses, and shows why', async () => {
    const { id, node } = await fleet.addNode();
    await eventually(async () => (await row(id))?.status === 'connected');
    node.refuses = 'inbounds';
    await node.core!.kill();
    await eventually(async () => (await row(id))?.message === 'config holds inbounds');
    const [runtime] = await fleet.sql<{ failures: number }>(
      'SELECT failures FROM node_runtime WHERE node_id = $1',
      [id],
    );
    expect(runtime!.failures).toBeGreaterThan(0);
    node.refuses = undefined;
    await eventually(async () => (await row(id))?.status === 'connected');
  });

  it('stops the core of a node that is disabled, after its last bytes are counted, and lets it be', async () => {
    const { id, node } = await fleet.addNode();
    const user = await fleet.addUser('joe');
    await eventually(() => copies(node.core!, `${user}.joe`) === TAGS.length);
    node.core!.count(`${user}.joe`, 7n, 0n);
    await fleet.sql(`UPDATE nodes SET status = 'disabled', xray_version = NULL WHERE id = $1`, [id]);
    await eventually(() => !node.core!.isAlive);
    const [usage] = await fleet.sql('SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1', [
      user,
    ]);
    expect(usage).toEqual({ used: '7' });
    await eventually(async () => (await ownerOf(id)) === undefined);
    expect(await row(id)).toEqual({ status: 'disabled', xray_version: null, message: null });
    expect(node.starts).toBe(1);
    await fleet.sql(`UPDATE nodes SET status = 'connecting', generation = generation + 1 WHERE id = $1`, [
      id,
    ]);
    await eventually(async () => (await row(id))?.status === 'connected');
  });

  it('does nothing about a node any more once another replica owns it', async () => {
    const { id, node } = await fleet.addNode();
    const { node: kept } = await fleet.addNode();
    await eventually(async () => (await row(id))?.status === 'connected');
    await fleet.sql(
      `WITH taken AS (UPDATE node_lease SET owner_id = gen_random_uuid(), epoch = epoch + 1,
                             expires_at = now() + interval '1 hour' WHERE node_id = $1 RETURNING epoch)
       UPDATE node_runtime SET owner_epoch = taken.epoch FROM taken WHERE node_id = $1`,
      [id],
    );
    await eventually(() => !node.isConnected, 30_000);
    const before = calls(node);
    const user = await fleet.addUser('cid');
    node.core!.count(`${user}.cid`, 5n, 5n);
    kept.core!.count(`${user}.cid`, 1n, 0n);
    const isUsed = async (bytes: string) => {
      const sql = 'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1';
      return (await fleet.sql(sql, [user]))[0]!.used === bytes;
    };
    await eventually(() => copies(kept.core!, `${user}.cid`) === TAGS.length);
    await eventually(() => isUsed('1'));
    expect(calls(node)).toBe(before);
    // The other one never acts, so the node comes back, and nothing was lost.
    await fleet.sql(`UPDATE node_lease SET expires_at = '-infinity' WHERE node_id = $1`, [id]);
    await eventually(() => copies(node.core!, `${user}.cid`) === TAGS.length, 30_000);
    await eventually(() => isUsed('11'));
    expect(node.starts).toBe(1);
  });

  it('believes no transaction number of another database, which a new one is not', async () => {
    const { id } = await fleet.addNode();
    const isCalledAnother = () =>
      warn.mock.calls.some(([text]) => String(text).startsWith('The database is not the one it was'));
    const cursor = async () =>
      (
        await fleet.sql<{ isSane: boolean }>(
          `SELECT r.cursor_outbox = m.outbox_id AND NOT r.full_sync_needed
                    AND r.cursor_xid <= pg_snapshot_xmin(pg_current_snapshot()) AS "isSane"
             FROM node_runtime r, control_meta m WHERE r.node_id = $1`,
          [id],
        )
      )[0]!;
    await eventually(async () => (await cursor()).isSane);
    expect(isCalledAnother()).toBe(false);
    await fleet.sql('UPDATE control_meta SET system_identifier = 1');
    await eventually(async () => !(await cursor()).isSane);
    await eventually(async () => (await cursor()).isSane, 40_000);
    expect(isCalledAnother()).toBe(true);
  });

  it('compares all users when a cursor lies beyond the present, as after a restored copy', async () => {
    const { id, node } = await fleet.addNode();
    const missing = await fleet.addUser('mia');
    await eventually(() => copies(node.core!, `${missing}.mia`) === TAGS.length);
    // The copy knows nothing of what was applied last, and the core nothing of who was there before.
    await fleet.sql(
      `WITH lost AS (UPDATE node_lease SET owner_id = NULL, epoch = epoch + 1, expires_at = '-infinity'
                      WHERE node_id = $1 RETURNING epoch)
       UPDATE node_runtime SET owner_epoch = lost.epoch,
              cursor_xid = (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + 1000000)::text::xid8
         FROM lost WHERE node_id = $1`,
      [id],
    );
    const user = await fleet.addUser('leo');
    await eventually(() => copies(node.core!, `${user}.leo`) === TAGS.length, 15_000);
    const sane = () =>
      fleet.sql(
        `SELECT FROM node_runtime WHERE node_id = $1 AND cursor_xid <= pg_snapshot_xmin(pg_current_snapshot())`,
        [id],
      );
    await eventually(async () => (await sane()).length === 1, 40_000);
    expect(node.starts).toBe(1);
  });

  it('shows what stops the service itself from working on a node, and goes on when it is over', async () => {
    const { id, node } = await fleet.addNode();
    await eventually(async () => (await row(id))?.status === 'connected');
    const connect = node.connect.bind(node);
    node.connect = () => {
      const connection = connect();
      connection.observe = () => Promise.reject(new TypeError('nobody thought of that'));
      return connection;
    };
    await fleet.sql(`UPDATE nodes SET status = 'connecting', generation = generation + 1 WHERE id = $1`, [
      id,
    ]);
    await fleet.sql("SELECT pg_notify('node_wake', $1::text)", [id]);
    await eventually(async () => (await row(id))?.status === 'error');
    expect((await row(id))?.message).toBe(
      'the service cannot work on this node: nobody thought of that; its log says more, and it tries again',
    );
    node.connect = connect;
    await fleet.sql('UPDATE nodes SET generation = generation + 1 WHERE id = $1', [id]);
    await eventually(async () => (await row(id))?.status === 'connected');
  });

  it('gives the others another config although this replica is at fault with some nodes', async () => {
    const own = await startFakeFleet();
    try {
      const faulty = [await own.addNode(), await own.addNode(), await own.addNode()];
      const { node } = await own.addNode();
      for (const { node: other } of faulty) {
        const connect = other.connect.bind(other);
        other.connect = () => {
          const connection = connect();
          connection.restart = () => Promise.reject(new TypeError('nobody thought of that'));
          return connection;
        };
      }
      await own.sql('UPDATE nodes SET generation = generation + 1 WHERE id = ANY ($1)', [
        faulty.map(({ id }) => id),
      ]);
      await eventually(() => faulty.every(({ node: other }) => other.core?.isAlive === false));
      await own.sudo.put('/api/core/config', withPort(30));
      await eventually(() => node.starts === 2, 30_000);
    } finally {
      await own.close();
    }
  });

  it('hands nodes over to another replica without a restart, and no byte is lost', async () => {
    const { id, node } = await fleet.addNode();
    const user = await fleet.addUser('eve');
    await eventually(() => copies(node.core!, `${user}.eve`) === TAGS.length);
    const used = async () =>
      (
        await fleet.sql<{ used: string }>(
          'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
          [user],
        )
      )[0]!.used;
    node.core!.count(`${user}.eve`, 100n, 0n);
    await eventually(async () => (await used()) === '100');
    const before = await ownerOf(id);
    const other: TestApp = await fleet.replica();
    node.core!.count(`${user}.eve`, 11n, 0n);
    await fleet.app.get(Ownership, { strict: false }).handOver();
    expect(await used()).toBe('111'); // counted before the node was given up
    node.core!.count(`${user}.eve`, 1_000n, 0n);
    await eventually(async () => (await used()) === '1111', 15_000);
    const after = await ownerOf(id);
    expect(after?.owner).not.toBe(before?.owner);
    expect(node.starts).toBe(1);
    await other.close();
    expect(node.core!.isAlive).toBe(true);
  });

  it('hands nodes over to a replica that has yet to hear of their config, without a restart', async () => {
    const first = await startFakeFleet();
    try {
      const { node, id } = await first.addNode();
      const [before] = await first.sql<{ owner: string }>('SELECT owner_id AS owner FROM node_lease');
      const other = await first.replica();
      const heard = other.app.get(CoreConfigs, { strict: false });
      const { version } = heard.current();
      await first.sudo.put('/api/core/config', withPort(20));
      await eventually(() => node.starts === 2 && heard.current().version > version);
      Reflect.set(heard, 'active', await heard.byVersion(version));
      await first.app.get(Ownership, { strict: false }).handOver();
      await eventually(
        async () =>
          (
            await first.sql(
              `SELECT FROM node_lease l JOIN nodes n ON n.id = node_id
                WHERE node_id = $1 AND owner_id <> $2 AND expires_at > now() AND status = 'connected'
                  AND polled_at > acquired_at`,
              [id, before!.owner],
            )
          ).length === 1,
        20_000,
      );
      expect(node.starts).toBe(2);
      await other.close();
    } finally {
      await first.close();
    }
  });
});
