import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { type Fleet, startFleet } from '../../support/user-fleet.js';

vi.setConfig({ testTimeout: 60_000 });

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet(); // keeps what was delivered for 7 days, what was given up for 30
});
afterAll(() => fleet?.close());

/** Notifications with deliveries that ended so long ago; null for one that has not. */
async function keep(name: string, ...deliveries: [state: string, daysAgo: number | null][]): Promise<void> {
  await fleet.sql(
    `WITH n AS (INSERT INTO notification (id, at, action, username)
                VALUES (gen_random_uuid(), now() - interval '1 year', 'user_created', $1) RETURNING id)
     INSERT INTO notification_delivery (notification_id, target, state, send_at, finished_at)
     SELECT id, 'webhook:' || n, state, now() + interval '1 minute', now() - make_interval(days => days)
       FROM n, unnest($2::text[], $3::int[]) WITH ORDINALITY AS d (state, days, n)`,
    [name, deliveries.map(([state]) => state), deliveries.map(([, days]) => days)],
  );
}

it('what ended long ago is forgotten, and the notification with the last of it', async () => {
  await keep('delivered', ['delivered', 8], ['delivered', 7]);
  await keep('fresh', ['delivered', 6]);
  await keep('half', ['delivered', 8], ['dead', 8]);
  await keep('dead', ['dead', 31]);
  await keep('waiting', ['delivered', 8], ['pending', null]);
  await fleet.sql(`
    WITH many AS (INSERT INTO notification (id, at, action, username)
                  SELECT gen_random_uuid(), now(), 'user_created', 'many' FROM generate_series(1, 12000) RETURNING id)
    INSERT INTO notification_delivery (notification_id, target, state, send_at, finished_at)
    SELECT id, 'webhook:1', 'delivered', now(), now() - interval '9 days' FROM many`);
  const run = '/api/jobs/forget-notifications/run';
  await eventually(async () => (await fleet.sudo.post(run)).status === 200, 30_000);
  const left = async () => {
    const rows = await fleet.sql<{ line: string }>(
      `SELECT concat(n.username, ': ', string_agg(d.state, ', ' ORDER BY d.id)) AS line
         FROM notification n LEFT JOIN notification_delivery d ON d.notification_id = n.id
        GROUP BY n.id, n.username ORDER BY n.username`,
    );
    return rows.map(({ line }) => line);
  };
  await vi.waitFor(
    async () => expect(await left()).toEqual(['fresh: delivered', 'half: dead', 'waiting: pending']),
    { timeout: 45_000, interval: 100 },
  );
  await eventually(async () => {
    const jobs = (await fleet.sudo.get('/api/jobs')).json.jobs as { name: string; outcome: object | null }[];
    return jobs.some(({ name, outcome }) => name === 'forget-notifications' && outcome !== null);
  });
});
