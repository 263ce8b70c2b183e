import { afterAll, beforeAll, expect, it } from 'vitest';
import { testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { CORE_CONFIG, type FakeFleet, proxies, startFakeFleet } from '../../support/fake-fleet.js';

/** More than one audit takes. */
const USERS = 25_400;

let fleet: FakeFleet;

beforeAll(async () => {
  const json = JSON.stringify({ ...CORE_CONFIG, inbounds: CORE_CONFIG.inbounds.slice(0, 1) });
  fleet = await startFakeFleet({ xray: { ...testConfig().xray, json } });
});
afterAll(() => fleet?.close());

it('goes on with the users who differ until all are right, when there are more than are taken at once', async () => {
  const { id, node } = await fleet.addNode();
  await eventually(
    async () => (await fleet.sql(`SELECT FROM nodes WHERE status = 'connected'`)).length === 1,
  );
  const core = node.core!;
  // Behind the outbox' back, as a restored database would be.
  await fleet.sql('ALTER TABLE users DISABLE TRIGGER USER');
  await fleet.sql(
    `INSERT INTO users (username, proxies) SELECT 'lost_' || i, $1 FROM generate_series(1, ${USERS}) i`,
    [JSON.stringify(proxies('lost'))],
  );
  await fleet.sql('ALTER TABLE users ENABLE TRIGGER USER');
  await fleet.sql(
    `WITH compared AS (UPDATE node_runtime SET full_sync_needed = true WHERE node_id = $1)
     UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`,
    [id],
  );
  await eventually(() => core.size('VLESS') === USERS, 200_000);
  await eventually(async () => {
    const [row] = await fleet.sql<{ needed: boolean }>(
      `SELECT full_sync_needed AS needed FROM node_runtime WHERE node_id = $1`,
      [id],
    );
    return !row!.needed;
  }, 60_000);
  expect(node.starts).toBe(1);
}, 300_000);
