import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('a fault of the service itself', () => {
  let fleet: FakeFleet;

  beforeAll(async () => {
    const { jobs } = testConfig();
    fleet = await startFakeFleet({ jobs: { ...jobs, userUsagesSeconds: 1 } });
  });
  afterAll(() => fleet?.close());

  it('is told of a node whose core goes on, and not when it is over', async () => {
    const { id, node } = await fleet.addNode();
    const user = await fleet.addUser('ann');
    const shown = async () =>
      (
        await fleet.sql<{ status: string; message: string | null }>(
          'SELECT status, message FROM nodes WHERE id = $1',
          [id],
        )
      )[0]!;
    await eventually(() => node.core && copies(node.core, `${user}.ann`) === TAGS.length);
    await eventually(async () => (await shown()).status === 'connected');
    await fleet.sql(`
      CREATE FUNCTION fail_poll() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'nothing is charged now'; END $$;
      CREATE TRIGGER fail_poll BEFORE INSERT OR UPDATE ON node_user_counter FOR EACH ROW EXECUTE FUNCTION fail_poll();`);
    try {
      node.core!.count(`${user}.ann`, 3n, 4n);
      await eventually(async () => (await shown()).status === 'error', 20_000);
      expect((await shown()).message).toMatch(
        /^the service cannot work on this node: .*nothing is charged now.*; its log says more/,
      );
    } finally {
      await fleet.sql('DROP FUNCTION fail_poll CASCADE');
    }
    await eventually(async () => (await shown()).status === 'connected', 40_000);
    expect(await shown()).toEqual({ status: 'connected', message: null });
    expect(node.starts).toBe(1);
  }, 90_000);
});
