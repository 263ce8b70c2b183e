import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ownership } from '../../../src/features/nodes/ownership/ownership.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import { testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

const METHODS = ['AlterInbound', 'GetInboundUsers', 'QueryStats', 'GetSysStats'] as const;

describe('a core that is slow', () => {
  let fleet: FakeFleet;

  beforeAll(async () => {
    fleet = await startFakeFleet();
  });
  afterAll(() => fleet?.close());

  const core = (node: FakeNode) => node.core!;
  const usedBy = async (user: number) =>
    (
      await fleet.sql<{ used: string }>(
        'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
        [user],
      )
    )[0]!.used;

  it('to tell its counters is told of users at once, and charged when it tells them', async () => {
    const { id: nodeId, node } = await fleet.addNode();
    const user = await fleet.addUser('ann');
    await eventually(() => copies(core(node), `${user}.ann`) === TAGS.length);
    const callsBefore = core(node).calls.get('QueryStats') ?? 0;
    core(node).failNext('QueryStats', 'hang', 2);
    await eventually(() => core(node).calls.get('QueryStats')! >= callsBefore + 2);
    core(node).count(`${user}.ann`, 3n, 4n);
    await fleet.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [user]);
    await eventually(() => copies(core(node), `${user}.ann`) === 0, 5_000); // a fifth of the time of a poll's call
    expect(node.starts).toBe(1);
    // A restart gives up the calls under way, and reads once more.
    await fleet.sql('UPDATE nodes SET restart_generation = restart_generation + 1 WHERE id = $1', [nodeId]);
    await fleet.sql("SELECT pg_notify('node_wake', $1::text)", [nodeId]);
    await eventually(() => node.starts === 2, 5_000);
    expect(await usedBy(user)).toBe('7');
  });

  it('to answer anything is shown as hung, and cared for again when it answers', async () => {
    const { id, node } = await fleet.addNode();
    const statusOf = async () =>
      (
        await fleet.sql<{ status: string; message: string }>(
          'SELECT status, message FROM nodes WHERE id = $1',
          [id],
        )
      )[0]!;
    await eventually(async () => (await statusOf()).status === 'connected');
    for (const method of METHODS) core(node).failNext(method, 'hang', 1_000);
    const since = performance.now();
    await eventually(async () => (await statusOf()).status === 'error', 30_000);
    process.stdout.write(`a hung core was noticed after ${Math.round(performance.now() - since)} ms\n`);
    expect((await statusOf()).message).toMatch(/Xray does not answer|timeout|Deadline|DEADLINE/);
    core(node).recover();
    await eventually(async () => (await statusOf()).status === 'connected', 30_000);
    expect(node.starts).toBe(1);
  }, 80_000);

  it('gives up its counters at once to a replica that takes the node over', async () => {
    const { id, node } = await fleet.addNode();
    const user = await fleet.addUser('ben');
    await eventually(() => copies(core(node), `${user}.ben`) === TAGS.length);
    await eventually(async () => (await fleet.sql('SELECT FROM node_lease WHERE node_id = $1', [id])).length);
    const { jobs } = testConfig(); // an hour between polls
    await fleet.app.get(Ownership, { strict: false }).handOver();
    core(node).count(`${user}.ben`, 30n, 12n);
    const other = await fleet.replica({ jobs });
    await eventually(async () => (await usedBy(user)) === '42');
    expect(node.starts).toBe(1);
    await other.close();
  });
});
