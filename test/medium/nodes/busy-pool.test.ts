import { afterAll, beforeAll, expect, it } from 'vitest';
import { Database } from '../../../src/shared/database/database.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

let fleet: FakeFleet;
beforeAll(async () => {
  fleet = await startFakeFleet();
});
afterAll(() => fleet?.close());

it('users reach cores and traffic is charged while requests hold every connection of theirs', async () => {
  const { node } = await fleet.addNode();
  const before = await fleet.addUser('ann');
  await eventually(() => copies(node.core!, `${before}.ann`) === TAGS.length);
  const db = fleet.app.get(Database, { strict: false });
  let held = true;
  const requests = Array.from({ length: fleet.config.databasePoolSize }, () =>
    db.run('SELECT pg_sleep(50)').catch(() => undefined),
  );
  void Promise.race(requests).then(() => (held = false));
  await eventually(
    async () =>
      (
        await fleet.sql(
          `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`,
        )
      ).length === fleet.config.databasePoolSize,
  );
  const since = performance.now();
  const user = await fleet.addUser('ben');
  await eventually(() => copies(node.core!, `${user}.ben`) === TAGS.length);
  process.stdout.write(`a change came after ${Math.round(performance.now() - since)} ms\n`);
  node.core!.count(`${user}.ben`, 2n, 3n);
  await eventually(
    async () =>
      (await fleet.sql('SELECT FROM user_usage WHERE user_id = $1 AND used_traffic = 5', [user])).length,
  );
  expect(held).toBe(true);
  await fleet.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'margrave' AND query LIKE 'SELECT pg_sleep(50)%' AND pid <> pg_backend_pid() AND datname = current_database()`,
  );
});
