import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../../src/shared/database/database.js';
import { WORKER_POOL_SIZE, WorkerDatabase } from '../../../src/shared/database/worker-database.js';
import type { TestApp } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { holdConnections } from '../../support/hold-connections.js';
import { copies, CORE_CONFIG, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

/** Leases and replicas show signs of life every five seconds. */
const TOLD_MS = 20_000;

let fleet: FakeFleet;
/** Where operators are answered: it works on no node. */
let panel: TestApp;

beforeAll(async () => {
  fleet = await startFakeFleet({
    jobs: {
      coreHealthSeconds: 3600,
      userUsagesSeconds: 0.1,
      nodeUsagesSeconds: 0.1,
      reviewUsersSeconds: 1,
    },
  });
  panel = await fleet.replica({ role: 'api' });
});
afterAll(async () => {
  await panel?.close();
  await fleet?.close();
});

const statusOf = async (id: number) =>
  (await fleet.sql<{ status: string }>('SELECT status FROM users WHERE id = $1', [id]))[0]!.status;

describe('while requests hold every connection of theirs', () => {
  let letGo: () => Promise<void>;
  beforeAll(async () => {
    letGo = await holdConnections(fleet.app.get(Database, { strict: false }), fleet.config.databasePoolSize);
  });
  afterAll(() => letGo?.());

  it('a new node is taken, users reach it, and are charged and cut off', async () => {
    const { node } = await fleet.addNode();
    const id = await fleet.addUser('ann', { dataLimit: 5n });
    await eventually(() => copies(node.core!, `${id}.ann`) === TAGS.length);
    node.core!.count(`${id}.ann`, 2n, 3n);
    await eventually(async () => (await statusOf(id)) === 'limited');
    await eventually(() => copies(node.core!, `${id}.ann`) === 0);
  });

  it('users whose time is over are found', async () => {
    const id = await fleet.addUser('late');
    await fleet.sql("UPDATE users SET expire_at = now() - interval '1 hour' WHERE id = $1", [id]);
    await eventually(async () => (await statusOf(id)) === 'expired');
  });

  it('cores follow a change of the config', async () => {
    const { node } = await fleet.addNode();
    const before = node.starts;
    const inbounds = CORE_CONFIG.inbounds.map((inbound) => ({ ...inbound, port: inbound.port + 100 }));
    const reply = await panel.sudo.put('/api/core/config', { ...CORE_CONFIG, inbounds });
    expect(reply.status).toBe(200);
    await eventually(() => node.starts > before && node.core?.isAlive);
  });

  it('a node is disabled and enabled again', async () => {
    const { id, node } = await fleet.addNode();
    await panel.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    await eventually(() => !node.core!.isAlive);
    await panel.sudo.put(`/api/node/${id}`, { status: 'connecting' });
    await eventually(() => node.core!.isAlive);
  });
});

it('leases are kept and the replica is seen to live while nothing else of it gets a connection', async () => {
  const { id } = await fleet.addNode();
  const beats = () =>
    fleet.sql<{ lease: Date; epoch: string; beat: Date }>(
      `SELECT l.expires_at AS lease, l.epoch::text AS epoch, r.heartbeat_at AS beat
         FROM node_lease l JOIN replica r ON r.id = l.owner_id WHERE l.node_id = $1`,
      [id],
    );
  const letGo = await holdConnections(
    fleet.app.get(Database, { strict: false }),
    fleet.config.databasePoolSize,
  );
  const letWorkersGo = await holdConnections(
    fleet.app.get(WorkerDatabase, { strict: false }),
    WORKER_POOL_SIZE,
  );
  const [before] = await beats();
  await eventually(async () => {
    const [now] = await beats();
    return now!.epoch === before!.epoch && now!.lease > before!.lease && now!.beat > before!.beat;
  }, TOLD_MS);
  await letWorkersGo();
  await letGo();
}, 60_000);

it('a replica that only answers requests has no connections for nodes', () => {
  expect(panel.app.get(WorkerDatabase, { strict: false })).toBe(panel.app.get(Database, { strict: false }));
  expect(fleet.app.get(WorkerDatabase, { strict: false })).not.toBe(
    fleet.app.get(Database, { strict: false }),
  );
});
