import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';
import { testConfig } from '../../support/app.js';

let fleet: FakeFleet;

beforeAll(async () => {
  // Cores are not polled by the clock here.
  fleet = await startFakeFleet({ jobs: { ...testConfig().jobs, userUsagesSeconds: 3600 } });
});
afterAll(() => fleet?.close());

it('another coefficient holds for traffic after the change, also when a reply is lost', async () => {
  const { id: nodeId, node } = await fleet.addNode();
  const userId = await fleet.addUser('alice');
  const used = async () => {
    const [row] = await fleet.sql<{ used: bigint }>(
      'SELECT used_traffic AS used FROM user_usage WHERE user_id = $1',
      [userId],
    );
    return BigInt(row!.used);
  };
  const rate = async (usage_coefficient: number) => {
    await fleet.sudo.put(`/api/node/${nodeId}`, { usage_coefficient });
    await eventually(async () => {
      const [row] = await fleet.sql<{ rate: number }>(
        'SELECT charged_coefficient AS rate FROM node_runtime WHERE node_id = $1',
        [nodeId],
      );
      return row!.rate === usage_coefficient;
    });
  };
  await eventually(async () => (await fleet.sudo.get(`/api/node/${nodeId}`)).json.status === 'connected');

  node.core!.count(`${userId}.alice`, 100n, 1n);
  await rate(1.5);
  expect(await used()).toBe(101n);
  node.core!.count(`${userId}.alice`, 1n, 100n);
  node.core!.failNext('QueryStats', 'lose_reply', 1);
  await rate(0.5);
  expect(await used()).toBe(101n + 151n);
  node.core!.count(`${userId}.alice`, 10n, 0n);
  await rate(1);
  expect(await used()).toBe(101n + 151n + 5n);
  expect(node.starts).toBe(1);
});

it('bytes before a change of the coefficient are charged by the old one, also when the poll before it is refused', async () => {
  const { id: nodeId, node } = await fleet.addNode();
  const userId = await fleet.addUser('bob');
  await eventually(async () => (await fleet.sudo.get(`/api/node/${nodeId}`)).json.status === 'connected');
  node.core!.count(`${userId}.bob`, 100n, 0n);
  // Another replica has charged a poll of which this one has not heard: the next one of this comes too late.
  const [before] = await fleet.sql<{ polls: bigint }>(
    'UPDATE node_runtime SET user_polls = user_polls + 1 WHERE node_id = $1 RETURNING user_polls AS polls',
    [nodeId],
  );
  const polled = node.core!.calls.get('QueryStats') ?? 0;
  await fleet.sudo.put(`/api/node/${nodeId}`, { usage_coefficient: 3 });
  await eventually(async () => {
    const [row] = await fleet.sql<{ rate: number; polls: bigint }>(
      'SELECT charged_coefficient AS rate, user_polls AS polls FROM node_runtime WHERE node_id = $1',
      [nodeId],
    );
    return row!.rate === 3 && BigInt(row!.polls) === BigInt(before!.polls) + 1n;
  });
  expect(node.core!.calls.get('QueryStats')! - polled).toBeGreaterThanOrEqual(2); // refused, and read again
  const used = async () =>
    (
      await fleet.sql<{ used: string }>(
        'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
        [userId],
      )
    )[0]!.used;
  expect(await used()).toBe('100');
  node.core!.count(`${userId}.bob`, 1n, 0n);
  await fleet.sudo.put(`/api/node/${nodeId}`, { usage_coefficient: 1 });
  await eventually(async () => (await used()) === '103');
});

it('a coefficient that changes again during a poll holds as soon as that is over', async () => {
  const { id: nodeId, node } = await fleet.addNode();
  const userId = await fleet.addUser('carol');
  const used = async () =>
    (
      await fleet.sql<{ used: string }>(
        'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
        [userId],
      )
    )[0]!.used;
  const rate = async (coefficient: number) => {
    await fleet.sql('UPDATE nodes SET usage_coefficient = $2 WHERE id = $1', [nodeId, coefficient]);
    await fleet.sql(`SELECT pg_notify('node_wake', $1::text)`, [nodeId]);
  };
  await eventually(async () => (await fleet.sudo.get(`/api/node/${nodeId}`)).json.status === 'connected');
  node.core!.count(`${userId}.carol`, 100n, 0n);
  const client = new pg.Client(clientOptions(fleet.connection));
  await client.connect();
  try {
    await client.query(`BEGIN; SELECT FROM node_runtime WHERE node_id = ${nodeId} FOR UPDATE`);
    const polled = node.core!.calls.get('QueryStats') ?? 0;
    await rate(2);
    await eventually(() => node.core!.calls.get('QueryStats')! > polled); // a poll that cannot charge yet
    await rate(3);
    // Whoever applies a user that was added after another was applied has looked at the node's row in between.
    for (const name of ['dave', 'erin']) {
      const id = await fleet.addUser(name);
      await eventually(() => copies(node.core!, `${id}.${name}`) === TAGS.length);
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
  await eventually(async () => {
    const [row] = await fleet.sql<{ rate: number }>(
      'SELECT charged_coefficient AS rate FROM node_runtime WHERE node_id = $1',
      [nodeId],
    );
    return row!.rate === 3;
  });
  expect(await used()).toBe('100');
  expect(node.starts).toBe(1);
});
