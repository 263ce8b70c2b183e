import { SchedulerRegistry } from '@nestjs/schedule';
import { performance } from 'node:perf_hooks';
import type pg from 'pg';
import { buildApp } from '../../src/app.js';
import { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/environment.js';
import { AdminsService } from '../../src/features/admins/index.js';
import { UserReviews } from '../../src/features/users/index.js';
import { PeriodicResets } from '../../src/features/users/lifecycle/periodic-resets.js';
import { Reminders } from '../../src/features/users/lifecycle/reminders.js';
import { Removals } from '../../src/features/users/lifecycle/removals.js';
import type { Connection } from '../../src/shared/database/data-source.js';
import { migrateDatabase } from '../../src/shared/database/ensure-database.js';
import { NO_XRAY } from '../../src/xray/process/executable.js';
import { freshDatabase, withClient } from './database.js';
import { medianMs, milliseconds, type Row } from './report.js';
import { seedUsers } from './seed.js';

const ROUNDS = 5;
const PASSWORD = 'a password of the benchmark';
const guard = async () => undefined;

/** What time and traffic do to the users of a large installation, inside one process with a real PostgreSQL. */
export async function lifecycleRows(server: Connection, users: number): Promise<Row[]> {
  const connection = await freshDatabase(server, 'bench_lifecycle');
  await migrateDatabase(connection);
  return withClient(connection, async (db) => {
    const app = await buildApp(quiet(), connection);
    app.useLogger(['error', 'fatal']);
    await app.listen(0, '127.0.0.1');
    await app.get(AdminsService, { strict: false }).ensureFirstAdmin(PASSWORD);
    await seedUsers(db, users);
    app.get(SchedulerRegistry, { strict: false }).deleteInterval('jobs'); // none runs by itself
    try {
      return await measure(db, (type) => app.get(type, { strict: false }), await app.getUrl(), users);
    } finally {
      await app.close();
    }
  });
}

/** A shop is to be told. There is no core to keep true, whether this machine has one or not. */
function quiet(): Config {
  const { config } = loadConfig();
  const seldom = 3_600;
  return new Config({
    ...config,
    xray: { ...config.xray, executablePath: NO_XRAY },
    jobs: {
      coreHealthSeconds: seldom,
      userUsagesSeconds: seldom,
      nodeUsagesSeconds: seldom,
      reviewUsersSeconds: seldom,
    },
    notifications: {
      ...config.notifications,
      webhooks: { addresses: ['https://shop.example/hook'], secret: undefined, allowPrivate: false },
    },
  });
}

async function measure(
  db: pg.Client,
  get: <T>(type: new (...args: never[]) => T) => T,
  url: string,
  users: number,
): Promise<Row[]> {
  const [reviews, resets] = [get(UserReviews), get(PeriodicResets)];
  const [removals, reminders] = [get(Removals), get(Reminders)];
  const some = Math.min(1_000, users);
  const pass = () => ({ at: new Date(), guard });
  const rows: Row[] = [];
  // A fifth has been reminded of its traffic, a tenth of its time; another tenth has expired a day ago.
  await db.query(`UPDATE user_usage SET used_traffic = 9e11 WHERE user_id % 5 = 0`);
  await db.query(`UPDATE users SET expire_at = now() + interval '2 days' WHERE id % 10 = 1`);
  await db.query(
    `UPDATE users SET status = 'expired', status_changed_at = now() - interval '1 day', auto_delete_in_days = 30 WHERE id % 10 = 2`,
  );
  await db.query(`UPDATE users SET reset_strategy = 'month' WHERE id % 2 = 0`);
  await reminders.remindDue(pass());
  await db.query('VACUUM ANALYZE');
  for (const [name, work, target] of [
    ['review', () => reviews.reviewStatuses(), 20],
    ['reset', () => resets.resetDue(pass()), 20],
    ['deletion', () => removals.removeDue(pass()), 20],
    ['reminders', () => reminders.remindDue(pass()), 200],
  ] as const) {
    rows.push(
      milliseconds(`${name}: nothing due`, await medianMs(ROUNDS, async () => void (await work())), target),
    );
  }
  const review = await medianMs(ROUNDS, async (round) => {
    await db.query('UPDATE user_usage SET used_traffic = 2e12 WHERE user_id % 100 = $1', [10 * round + 3]);
    const begun = performance.now();
    const changed = await reviews.reviewStatuses();
    const took = performance.now() - begun;
    if (changed < some * 0.9) throw new Error(`${changed} users changed`);
    return took;
  });
  rows.push(milliseconds(`review: ${users / 100} users over their limit`, review, 500));
  rows.push(...(await resetRows(db, resets, url, users)));
  return rows;
}

/** Everybody's day is over at once, and half of them are limited. */
async function resetRows(db: pg.Client, resets: PeriodicResets, url: string, users: number): Promise<Row[]> {
  await db.query(
    `UPDATE users SET reset_strategy = 'day', status = CASE id % 2 WHEN 0 THEN 'active' ELSE 'limited' END::user_status`,
  );
  await db.query(`UPDATE user_usage SET used_traffic = 5, next_reset_at = now() - interval '1 hour'`);
  await db.query('TRUNCATE user_change, activity, notification CASCADE');
  await db.query('VACUUM ANALYZE');
  const headers = { authorization: `Bearer ${await logIn(url)}` };
  let slowest = 0;
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const begun = performance.now();
      const { status } = await fetch(`${url}/api/users?limit=10`, { headers });
      if (status !== 200) throw new Error(`the API answered ${status}`);
      slowest = Math.max(slowest, performance.now() - begun);
    }
  })();
  const begun = performance.now();
  const { reset } = await resets.resetDue({ at: new Date(), guard });
  const took = performance.now() - begun;
  over.abort();
  await asking;
  if (reset !== users) throw new Error(`${reset} users were reset`);
  return [
    milliseconds(`reset: ${users} users due, half of them limited`, took, 10_000),
    milliseconds('the slowest answer of the API meanwhile', slowest, 1_000),
  ];
}

async function logIn(url: string): Promise<string> {
  const body = new URLSearchParams({ username: 'admin', password: PASSWORD });
  const answer = await fetch(`${url}/api/admin/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}
