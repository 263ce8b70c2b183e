import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Ownership } from '../../../src/features/nodes/ownership/ownership.js';
import { markerTag } from '../../../src/xray/config/index.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import { stepClock } from '../../support/clock.js';
import { eventually } from '../../support/eventually.js';
import { CORE_CONFIG, type FakeFleet, startFakeFleet } from '../../support/fake-fleet.js';

describe('traffic, whatever the clocks say,', () => {
  let fleet: FakeFleet;
  let node: FakeNode;
  let nodeId: number;
  let userId: number;

  beforeAll(async () => {
    fleet = await startFakeFleet();
  });
  afterAll(() => fleet?.close());
  beforeEach(async () => {
    ({ node, id: nodeId } = await fleet.addNode());
    userId = await fleet.addUser(`user${nodeId}`);
  });
  afterEach(() => stepClock(0));

  const count = (bytes: bigint) => node.core!.count(`${userId}.user${nodeId}`, bytes, 0n);
  const isCharged = (bytes: string) =>
    eventually(async () => {
      const [row] = await fleet.sql<{ used: string }>(
        'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
        [userId],
      );
      expect(row!.used).toBe(bytes);
      return true;
    });
  const runtime = async () =>
    (
      await fleet.sql<{ cores: string; hash: Buffer | null }>(
        'SELECT core_epoch::text AS cores, applied_config_hash AS hash FROM node_runtime WHERE node_id = $1',
        [nodeId],
      )
    )[0]!;
  /** The same once the core is taken for one with the current config. */
  const attached = () =>
    eventually(async () => {
      const { cores, hash } = await runtime();
      return hash !== null && { cores, hash };
    });

  it.each([6_000, -6_000, 300_000])('is charged once when they step by %i ms between polls', async (ms) => {
    count(1_000n);
    await isCharged('1000');
    const { cores } = await runtime();
    stepClock(ms);
    count(1n);
    await isCharged('1001');
    stepClock(0);
    count(1n);
    await isCharged('1002');
    expect(await runtime()).toMatchObject({ cores });
    expect(node.starts).toBe(1);
  });

  it('is charged once when a clock stepped between two restarts of the core', async () => {
    for (const [index, ms] of [-6_000, 6_000].entries()) {
      count(1_000n);
      stepClock(ms);
      await fleet.sudo.post('/api/core/restart');
      await eventually(() => node.starts === index + 2 && node.core?.isAlive);
      await isCharged(`${1_000 * (index + 1)}`);
    }
  });

  it('of a core that somebody restarted within the same second is not lost', async () => {
    count(1_000n);
    await isCharged('1000');
    const { hash } = await attached();
    const marker = { protocol: 'blackhole', tag: markerTag(hash.toString('hex'), 'another') };
    const config = { ...CORE_CONFIG, outbounds: [...CORE_CONFIG.outbounds, marker] };
    const core = await node.start(JSON.stringify(config));
    core.uptime = () => 3_600; // and says that it is old
    count(1_500n);
    await isCharged('2500');
  });

  it('of a core that the version before started goes on where it was, without a restart', async () => {
    const { hash, cores } = await attached();
    const marker = { protocol: 'blackhole', tag: markerTag(hash.toString('hex')) };
    await node.start(JSON.stringify({ ...CORE_CONFIG, outbounds: [...CORE_CONFIG.outbounds, marker] }));
    count(1_000n);
    await isCharged('1000');
    const { starts } = node;
    const noted = await fleet.sql(
      `UPDATE node_runtime SET core_marker = NULL, core_started_lo = now(), core_started_hi = now(),
              owner_epoch = owner_epoch + 1 WHERE node_id = $1 RETURNING core_epoch::text AS cores`,
      [nodeId],
    );
    expect(noted).toEqual([{ cores: `${BigInt(cores) + 1n}` }]);
    await fleet.sql(
      `UPDATE node_lease SET epoch = epoch + 1, owner_id = gen_random_uuid(), expires_at = '-infinity' WHERE node_id = $1`,
      [nodeId],
    );
    count(1n);
    await isCharged('1001');
    expect((await runtime()).cores).toBe(`${BigInt(cores) + 1n}`);
    expect(node.starts).toBe(starts);
  });

  it('is charged once by two replicas whose clocks are minutes apart', async () => {
    count(1_000n);
    await isCharged('1000');
    const other = await fleet.replica();
    await fleet.app.get(Ownership, { strict: false }).handOver();
    stepClock(-180_000);
    count(11n);
    await isCharged('1011');
    expect(node.starts).toBe(1);
    await other.close();
  });
});
