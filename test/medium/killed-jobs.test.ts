import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { addressOf, createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';

const JOBS = ['reset-data-limits', 'delete-expired-users', 'remind-of-users'];
const ROUNDS = 3;
const EACH = 200;

let database: TestDatabase;
let db: pg.Client;
/** Somebody else in the middle of a transaction. */
let other: pg.Client;
let environment: Record<string, string>;
const replicas: { service: ServiceProcess; id: string }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  [db, other] = [
    new pg.Client(clientOptions(database.connection)),
    new pg.Client(clientOptions(database.connection)),
  ];
  await Promise.all([db.connect(), other.connect()]);
  environment = {
    DATABASE_URL: addressOf(database.connection),
    DATABASE_POOL_SIZE: '4',
    JOB_REVIEW_USERS_INTERVAL: '3600',
    WEBHOOK_ADDRESS: 'http://127.0.0.1:9/nobody', // what is to be sent stays to be seen
    NOTIFY_REACHED_USAGE_PERCENT: '80',
    NOTIFY_DAYS_LEFT: '3',
  };
  for (let i = 0; i < 3; i++) replicas.push(await start(await ServiceProcess.create()));
}, 120_000);
afterAll(async () => {
  await Promise.all(replicas.map(({ service }) => service.destroy()));
  await Promise.all([db?.end(), other?.end()]);
  await database?.drop();
}, 60_000);

const ids = async () => (await db.query<{ id: string }>('SELECT id FROM replica')).rows.map(({ id }) => id);

/** One after the other, so that each is known by what is new. */
async function start(service: ServiceProcess): Promise<{ service: ServiceProcess; id: string }> {
  const before = await ids();
  await service.start(environment);
  return { service, id: await eventually(async () => (await ids()).find((id) => !before.includes(id))) };
}

async function seed(round: number): Promise<void> {
  await db.query(
    `WITH kinds (kind, status, strategy, own, percent) AS (
       VALUES ('reset', 'limited', 'day', NULL::int, 100), ('gone', 'expired', 'no_reset', 0, 0), ('near', 'active', 'no_reset', NULL, 90)
     ), added AS (
       INSERT INTO users (username, status, reset_strategy, auto_delete_in_days, data_limit, expire_at, proxies)
       SELECT kind || '-' || $1::int || '-' || i, status::user_status, strategy::reset_strategy, own, 100,
              CASE kind WHEN 'near' THEN now() + interval '2 days 1 hour' END, '{}'
         FROM kinds, generate_series(1, $2::int) i
       RETURNING id, username
     )
     INSERT INTO user_usage (user_id, used_traffic, next_reset_at)
     SELECT a.id, k.percent, CASE kind WHEN 'reset' THEN now() - interval '1 hour' END
       FROM added a JOIN kinds k ON a.username LIKE k.kind || '-%'`,
    [round, EACH],
  );
}

const running = async () =>
  (
    await db.query<{ name: string; holder: string }>(
      'SELECT name, holder FROM jobs WHERE holder IS NOT NULL AND name = ANY ($1)',
      [JOBS],
    )
  ).rows;

/** All replicas that are at one of the jobs, in the middle of a transaction. */
async function killWhoWorks(round: number): Promise<number> {
  await other.query('BEGIN');
  await other.query(`SELECT FROM users WHERE username LIKE '%-' || $1::int || '-1' ORDER BY id FOR UPDATE`, [
    round,
  ]);
  await db.query('UPDATE jobs SET due_at = now() WHERE name = ANY ($1)', [JOBS]);
  await eventually(async () => {
    const { rows } = await db.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.length >= JOBS.length;
  }, 60_000);
  const holders = new Set((await running()).map(({ holder }) => holder));
  const killed = replicas.filter(({ id }) => holders.has(id));
  for (const { service } of killed) service.signal('SIGKILL');
  await Promise.all(killed.map(({ service }) => service.ended()));
  await other.query('COMMIT');
  for (const one of killed) replicas[replicas.indexOf(one)] = await start(one.service);
  return killed.length;
}

/** To how many users each thing was done once, and to how many not at all or more often. */
async function ledger(): Promise<Record<string, { due: number; once: number; otherwise: number }>> {
  const counts: Record<string, string> = {
    'traffic reset, 100 bytes logged': `SELECT u.username, count(l.id) AS times FROM users u
       LEFT JOIN user_usage_logs l ON l.user_id = u.id AND l.used_traffic_at_reset = 100 WHERE username LIKE 'reset-%' GROUP BY 1`,
    'active again, and told so': `SELECT u.username, count(n.id) AS times FROM users u
       LEFT JOIN notification n ON n.user_id = u.id AND n.action = 'user_enabled' WHERE u.username LIKE 'reset-%' GROUP BY 1`,
    'deleted, and noted': `SELECT subject_name, count(*) AS times FROM activity WHERE action = 'user_deleted' GROUP BY 1`,
    'deleted, and told': `SELECT username, count(*) AS times FROM notification WHERE action = 'user_deleted' GROUP BY 1`,
    'reminded of traffic': `SELECT u.username, count(n.id) AS times FROM users u
       LEFT JOIN notification n ON n.user_id = u.id AND n.action = 'reached_usage_percent' WHERE u.username LIKE 'near-%' GROUP BY 1`,
    'reminded of time': `SELECT u.username, count(n.id) AS times FROM users u
       LEFT JOIN notification n ON n.user_id = u.id AND n.action = 'reached_days_left' WHERE u.username LIKE 'near-%' GROUP BY 1`,
  };
  const entries: [string, { due: number; once: number; otherwise: number }][] = [];
  for (const [name, sql] of Object.entries(counts)) {
    const { rows } = await db.query<{ once: number; otherwise: number }>(
      `SELECT count(*) FILTER (WHERE times = 1)::int AS once, count(*) FILTER (WHERE times <> 1)::int AS otherwise
         FROM (${sql}) x`,
    );
    entries.push([name, { due: ROUNDS * EACH, ...rows[0]! }]);
  }
  return Object.fromEntries(entries);
}

it(
  'each reset, deletion and reminder comes once, whoever is killed meanwhile',
  { timeout: 300_000 },
  async () => {
    let kills = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await seed(round);
      kills += await killWhoWorks(round);
      // What was under way is gone on with once the leases of the dead are over.
      await eventually(async () => {
        const { rows } = await db.query(
          `SELECT FROM users u JOIN user_usage g ON g.user_id = u.id
          WHERE status = 'expired' OR next_reset_at <= now()
             OR (username LIKE 'near-%' AND (SELECT count(*) FROM user_reminders r WHERE r.user_id = u.id) < 2)`,
        );
        return rows.length === 0 && (await running()).length === 0;
      }, 90_000);
    }
    const found = await ledger();
    process.stdout.write(`\n${kills} processes killed at work in ${ROUNDS} rounds\n`);
    for (const [what, { due, once, otherwise }] of Object.entries(found)) {
      process.stdout.write(`${what.padEnd(34)} due ${due}  once ${once}  otherwise ${otherwise}\n`);
    }
    expect(kills).toBeGreaterThanOrEqual(ROUNDS);
    for (const line of Object.values(found))
      expect(line).toEqual({ due: line.due, once: line.due, otherwise: 0 });
    const { rows } = await db.query(`SELECT DISTINCT status FROM users WHERE username LIKE 'reset-%'`);
    expect(rows).toEqual([{ status: 'active' }]);
  },
);
