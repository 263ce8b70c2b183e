import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { copies, CORE_CONFIG, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('a fault of the service itself', () => {
  let fleet: FakeFleet;

  beforeAll(async () => {
    const { jobs } = testConfig();
    fleet = await startFakeFleet({ jobs: { ...jobs, userUsagesSeconds: 1 } });
  });
  afterAll(() => fleet?.close());

  /** Each charge fails while `work` goes on. */
  const whileNothingIsCharged = async (work: () => Promise<void>) => {
    await fleet.sql(`
      CREATE FUNCTION fail_poll() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'nothing is charged now'; END $$;
      CREATE TRIGGER fail_poll BEFORE INSERT OR UPDATE ON node_user_counter FOR EACH ROW EXECUTE FUNCTION fail_poll();`);
    try {
      await work();
    } finally {
      await fleet.sql('DROP FUNCTION fail_poll CASCADE');
    }
  };

  const node = async (username: string) => {
    const { id, node } = await fleet.addNode();
    const user = `${await fleet.addUser(username)}.${username}`;
    const row = async () =>
      (
        await fleet.sql<{ status: string; message: string | null; runs: string; wanted: string }>(
          `SELECT status, message, last_good_config_version AS runs, (SELECT max(version) FROM core_config) AS wanted
             FROM nodes JOIN node_runtime ON node_id = id WHERE id = $1`,
          [id],
        )
      )[0]!;
    const shown = async () => {
      const { status, message } = await row();
      return { status, message };
    };
    await eventually(() => node.core && copies(node.core, user) === TAGS.length);
    await eventually(async () => (await shown()).status === 'connected');
    return { node, user, row, shown };
  };

  it('is told of a node whose core goes on, and not when it is over', async () => {
    const { node: machine, user, shown } = await node('ann');
    await whileNothingIsCharged(async () => {
      machine.core!.count(user, 3n, 4n);
      await eventually(async () => (await shown()).status === 'error', 20_000);
      expect((await shown()).message).toMatch(
        /^the service cannot work on this node: .*nothing is charged now.*; its log says more/,
      );
    });
    await eventually(async () => (await shown()).status === 'connected', 40_000);
    expect(await shown()).toEqual({ status: 'connected', message: null });
    expect(machine.starts).toBe(1);
  }, 90_000);

  it('keeps no roll-out waiting for a node that runs the config already', async () => {
    const { node: machine, user, row } = await node('ben');
    await whileNothingIsCharged(async () => {
      machine.core!.count(user, 3n, 4n);
      await eventually(async () => (await row()).status === 'error', 20_000);
      const before = await row();
      const { inbounds, outbounds } = CORE_CONFIG; // the same in another order: a new version for which nothing is restarted
      expect((await fleet.sudo.put('/api/core/config', { outbounds, inbounds })).status).toBe(200);
      const after = await eventually(async () => {
        const now = await row();
        return now.runs !== before.runs && now;
      }, 20_000);
      expect(after.runs).toBe(after.wanted);
      expect(after).toMatchObject({ status: 'error', message: before.message });
    });
    expect(machine.starts).toBe(1);
  }, 90_000);
});
