import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LeasesRepository } from '../../../src/features/nodes/ownership/leases.repository.js';
import { Ownership } from '../../../src/features/nodes/ownership/ownership.js';
import { Replica } from '../../../src/shared/scheduling/replica.js';
import type { TestApp } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { FakeNode } from '../../fakes/fake-node.js';
import { copies, CORE_CONFIG, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('the ownership of nodes', () => {
  let fleet: FakeFleet;

  beforeAll(async () => {
    fleet = await startFakeFleet();
  });
  afterAll(() => fleet?.close());

  const epochOf = async (id: number) =>
    (await fleet.sql<{ epoch: string }>('SELECT epoch FROM node_lease WHERE node_id = $1', [id]))[0]!.epoch;
  const owners = async () =>
    (
      await fleet.sql<{ owner: string; nodes: number }>(
        `SELECT l.owner_id AS owner, count(*)::int AS nodes FROM node_lease l
          WHERE l.expires_at > now() GROUP BY 1 ORDER BY 2`,
      )
    ).map(({ nodes }) => nodes);
  /** Nobody works on any node, as when all replicas are away. */
  const withoutOwner = async <T>(work: () => Promise<T>): Promise<T> => {
    await fleet.app.get(Ownership, { strict: false }).handOver();
    const result = await work();
    return result;
  };
  const looks = async (seconds: number) => fleet.sql('SELECT pg_sleep($1)', [seconds]);

  it('is asked for no node that is disabled or deleted and done with', async () => {
    const disabled = await fleet.addNode();
    const deleted = await fleet.addNode();
    await fleet.sudo.put(`/api/node/${disabled.id}`, { status: 'disabled' });
    await fleet.sudo.delete(`/api/node/${deleted.id}`);
    await eventually(() => !disabled.node.core!.isAlive && !deleted.node.core!.isAlive);
    await eventually(
      async () =>
        (
          await fleet.sql(
            `SELECT FROM node_lease l JOIN node_runtime r USING (node_id) JOIN nodes n ON n.id = l.node_id
              WHERE node_id = ANY ($1) AND r.applied_generation = n.generation AND l.expires_at < now()`,
            [[disabled.id, deleted.id]],
          )
        ).length === 2,
    );
    const before = [await epochOf(disabled.id), await epochOf(deleted.id)];
    for (let look = 0; look < 10; look++) {
      await fleet.sql("SELECT pg_notify('node_wake', $1::text)", [deleted.id]);
      await looks(0.1);
    }
    expect([await epochOf(disabled.id), await epochOf(deleted.id)]).toEqual(before);
  });

  it('is shared with a new replica, and no core is restarted for it', async () => {
    const added = await Promise.all([1, 2, 3, 4].map(() => fleet.addNode()));
    const mine = async () => (await owners()).reduce((sum, count) => sum + count, 0);
    await eventually(async () => (await mine()) >= 4);
    const all = await mine();
    const user = await fleet.addUser('ann');
    for (const { node } of added) {
      await eventually(() => copies(node.core!, `${user}.ann`) === TAGS.length);
      node.core!.count(`${user}.ann`, 1n, 0n);
    }
    const other: TestApp = await fleet.replica();
    await eventually(async () => {
      const counts = await owners();
      return counts.length === 2 && Math.max(...counts) <= Math.ceil(all / 2);
    }, 40_000);
    for (const { node } of added) node.core!.count(`${user}.ann`, 10n, 0n);
    const used = async () =>
      (
        await fleet.sql<{ used: string }>(
          'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
          [user],
        )
      )[0]!.used;
    await eventually(async () => (await used()) === '44');
    expect(added.map(({ node }) => node.starts)).toEqual([1, 1, 1, 1]);
    await other.close();
    await eventually(async () => (await owners()).join() === `${all}`);
    expect(added.map(({ node }) => node.starts)).toEqual([1, 1, 1, 1]);
  }, 60_000);

  it('counts neither deleted nodes nor kinds that nobody serves', async () => {
    const leases = fleet.app.get(LeasesRepository, { strict: false });
    const replicaId = fleet.app.get(Replica, { strict: false }).id;
    const before = await leases.census(replicaId, ['local', 'marzban_node']);
    await fleet.sql(
      `INSERT INTO nodes (kind, name, address, deleted_at, generation) VALUES ('marzban_node', 'gone', 'fake', now(), 0)`,
    );
    await fleet.sql(`INSERT INTO nodes (kind, name, address) VALUES ('pg_node', 'foreign', 'fake')`);
    expect(await leases.census(replicaId, ['local', 'marzban_node'])).toEqual(before);
  });

  it('of a node that is not to run, and cannot be told so, takes the place of no other', async () => {
    const body = { name: 'dead', address: '127.0.0.1', port: 9, api_port: 9, add_as_new_host: false };
    const { id } = (await fleet.sudo.post('/api/node', body)).json;
    await eventually(async () => (await fleet.sudo.get(`/api/node/${id}`)).json.status === 'error');
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    const { node } = await fleet.addNode();
    await eventually(() => node.core?.isAlive);
    await fleet.sudo.delete(`/api/node/${id}`);
  });

  it('of a node that is not to run is taken also by one with its full share of others', async () => {
    await fleet.addNode();
    const node = new FakeNode();
    const core = await node.start(JSON.stringify(CORE_CONFIG));
    const [row] = await fleet.sql<{ id: number }>(
      `INSERT INTO nodes (kind, name, address, status, generation)
       VALUES ('pg_node', 'left', 'fake', 'disabled', 2) RETURNING id`,
    );
    fleet.nodes.set(row!.id, node);
    await fleet.sql(`UPDATE nodes SET kind = 'marzban_node' WHERE id = $1`, [row!.id]);
    await eventually(() => !core.isAlive);
  });

  it('of one node that hangs holds up no lease of another', async () => {
    const stuck = await fleet.addNode();
    let release: () => void = () => undefined;
    stuck.node.beforeStart = () => new Promise((resolve) => (release = resolve));
    await fleet.sudo.post(`/api/node/${stuck.id}/reconnect`);
    await eventually(() => release.length === 0 && release.toString() !== '() => void 0');
    // Another replica takes it, while its actor here waits for a start that never ends and cannot be aborted.
    await fleet.sql(
      `UPDATE node_lease SET owner_id = gen_random_uuid(), epoch = epoch + 1, expires_at = now() + interval '1 hour'
        WHERE node_id = $1`,
      [stuck.id],
    );
    const renewals = async () =>
      (
        await fleet.sql<{ beats: string }>(
          `SELECT max(heartbeat_at)::text || max(expires_at)::text AS beats FROM replica, node_lease
            WHERE owner_id = replica.id`,
        )
      )[0]!.beats;
    for (let turn = 0; turn < 3; turn++) {
      const before = await renewals();
      await eventually(async () => (await renewals()) !== before, 8_000);
    }
    release();
  }, 40_000);

  it('of a node that was disabled or deleted while nobody owned it ends its core', async () => {
    const disabled = await fleet.addNode();
    const deleted = await fleet.addNode();
    await withoutOwner(async () => {
      await fleet.sudo.put(`/api/node/${disabled.id}`, { status: 'disabled' });
      await fleet.sudo.delete(`/api/node/${deleted.id}`);
      expect([disabled.node.core!.isAlive, deleted.node.core!.isAlive]).toEqual([true, true]);
    });
    const other = await fleet.replica();
    await eventually(() => !disabled.node.core!.isAlive && !deleted.node.core!.isAlive);
    await other.close();
  });
});
