import { SchedulerRegistry } from '@nestjs/schedule';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { DeliveriesRepository } from '../../src/features/notifications/deliveries.repository.js';
import { RemindersRepository } from '../../src/features/users/lifecycle/reminders.repository.js';
import { RemovalsRepository } from '../../src/features/users/lifecycle/removals.repository.js';
import { ReviewRepository } from '../../src/features/users/review.repository.js';
import { TrafficResetsRepository } from '../../src/features/users/traffic-resets.repository.js';
import { WorkerDatabase } from '../../src/shared/database/worker-database.js';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { TELLS_NOBODY } from '../support/tells-nobody.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

vi.setConfig({ hookTimeout: 120_000, testTimeout: 60_000 });

const USERS = 30_000;
/** What is read of others here is little, or for what the service does meanwhile. */
const LARGE = new Set(['users', 'user_usage', 'notification', 'notification_delivery']);

let fleet: Fleet;
let db: pg.Client;
beforeAll(async () => {
  // What waits for later is not for targets that are there, and left alone for so long.
  fleet = await startFleet({ notifications: { ...TELLS_NOBODY, retrySeconds: 86_400 } });
  fleet.app.get(SchedulerRegistry, { strict: false }).deleteInterval('jobs'); // none asks meanwhile
  db = new pg.Client(clientOptions(fleet.connection));
  await db.connect();
  // Everybody has a limit, a time and a period; some are over and wait to be deleted, later. Nothing is due.
  await db.query(`
    INSERT INTO users (username, status, data_limit, reset_strategy, expire_at, hold_seconds, auto_delete_in_days, proxies)
    SELECT 'u' || n, CASE WHEN n % 100 = 1 THEN 'on_hold' WHEN n % 10 = 2 THEN 'expired' WHEN n % 10 = 3 THEN 'limited' ELSE 'active' END::user_status,
           1e12, 'month', CASE WHEN n % 10 = 2 THEN now() - interval '1 day' ELSE now() + interval '100 days' END, 60,
           CASE WHEN n % 4 < 2 THEN 30 END,
           json_build_object('vless', json_build_object('id', gen_random_uuid(), 'flow', ''))
      FROM generate_series(1, ${USERS}) n`);
  await db.query(`INSERT INTO user_usage (user_id, used_traffic) SELECT id, 5 FROM users`);
  await db.query(`
    WITH n AS (INSERT INTO notification (id, at, action, username)
               SELECT gen_random_uuid(), now(), 'user_created', 'u' || n FROM generate_series(1, ${USERS}) n RETURNING id, username)
    INSERT INTO notification_delivery (notification_id, target, username, send_at, state, finished_at)
    SELECT id, 'webhook:' || t, username, now() + interval '1 hour', s, CASE WHEN s <> 'pending' THEN now() END
      FROM n, (VALUES ('a', 'pending'), ('b', 'delivered')) AS t (t, s)`);
  await db.query('VACUUM ANALYZE');
});
afterAll(async () => {
  await db?.end();
  await fleet?.close();
});

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** How PostgreSQL does what is asked of it: the large tables that are read from end to end, and the indexes that are used. */
async function plansOf(work: () => Promise<unknown>): Promise<{ scanned: string[]; indexes: string[] }> {
  const asked: { text: string; values: unknown[] }[] = [];
  const worker = fleet.app.get(WorkerDatabase, { strict: false });
  const spy = vi.spyOn(worker, 'rows');
  await work();
  for (const [statement, values] of spy.mock.calls) {
    asked.push({
      text: typeof statement === 'string' ? statement : statement.text,
      values: [...(values ?? [])],
    });
  }
  spy.mockRestore();
  expect(asked.length).toBeGreaterThan(0);
  const nodes: Plan[] = [];
  for (const { text, values } of asked) {
    const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `EXPLAIN (FORMAT JSON) ${text}`,
      values,
    );
    nodes.push(...nodesOf(rows[0]!['QUERY PLAN'][0].Plan));
  }
  const named = (of: (plan: Plan) => string | undefined) =>
    [...new Set(nodes.flatMap((node) => of(node) ?? []))].toSorted();
  return {
    scanned: named((node) => (node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : undefined)).filter(
      (name) => LARGE.has(name),
    ),
    indexes: named((node) => node['Index Name']),
  };
}

const get = <T>(type: new (...args: never[]) => T): T => fleet.app.get(type, { strict: false });
const now = new Date();

// The review reads all traffic: that table is narrow (docs/decisions/0009).
it.each<[string, string[], string[], () => Promise<unknown[]>]>([
  [
    'the review',
    ['users_on_hold', 'users_with_limit'],
    ['user_usage'],
    () => get(ReviewRepository).findDue(now, []),
  ],
  [
    'removals',
    ['users_common_removal'],
    [],
    () => get(RemovalsRepository).findDue({ days: 5, includesLimited: true }, now, 2000, []),
  ],
  [
    'reminders of time',
    [],
    [],
    () => get(RemindersRepository).findDue({ usagePercents: [], daysLeft: [3] }, now, 2000, []),
  ],
  [
    'resets',
    ['user_usage_next_reset'],
    [],
    () => get(TrafficResetsRepository).findDue(get(WorkerDatabase), now, 2000, []),
  ],
  ['targets that wait', ['notification_delivery_due'], [], () => get(DeliveriesRepository).waiting()],
  [
    'what is due for a target',
    ['notification_delivery_before', 'notification_delivery_due'],
    [],
    () => get(DeliveriesRepository).due('webhook:a', 100),
  ],
])('%s, with nothing due of many, reads no large table from end to end', async (_, expected, small, work) => {
  const { scanned, indexes } = await plansOf(work);
  expect(indexes).toEqual(expect.arrayContaining(expected));
  expect(scanned.filter((table) => !small.includes(table))).toEqual([]);
});

it('a search that has lost its index is seen to read all', async () => {
  await db.query('DROP INDEX user_usage_next_reset');
  const { scanned } = await plansOf(() =>
    get(TrafficResetsRepository).findDue(get(WorkerDatabase), now, 2000, []),
  );
  expect(scanned).toEqual(['user_usage']);
});
