import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientOptions } from '../../src/shared/database/data-source.js';
import { Database } from '../../src/shared/database/database.js';
import { type JobOutcome, JobLost, type JobRun } from '../../src/shared/scheduling/job-run.js';
import { PeriodicJobs } from '../../src/shared/scheduling/periodic-jobs.js';
import { startApp, type TestApp } from '../support/app.js';

vi.setConfig({ testTimeout: 60_000 });

const HOUR = 3600;
let one: TestApp;
let two: TestApp;
let db: pg.Client;

beforeAll(async () => {
  one = await startApp();
  two = await startApp({}, one.connection);
  db = new pg.Client(clientOptions(one.connection));
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await two?.close();
  await one?.close();
});

const jobsOf = ({ app }: TestApp) => app.get(PeriodicJobs, { strict: false });
const row = async (name: string) => {
  const { rows } = await db.query<Record<string, any>>(
    'SELECT *, due_at > now() AS later FROM jobs WHERE name = $1',
    [name],
  );
  return rows[0]!;
};
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 45_000, interval: 50 });
/** The hint that otherwise follows a request. */
const makeDue = async (name: string, ago = '0 s') => {
  await db.query(`UPDATE jobs SET due_at = now() - $2::interval WHERE name = $1`, [name, ago]);
};

/** A job that both replicas have, and that ends when it is told how. */
class Work {
  readonly name = `test-${randomUUID()}`;
  readonly runs: { on: TestApp; run: JobRun; end: (outcome?: JobOutcome | Error) => void }[] = [];

  async shared(...replicas: TestApp[]): Promise<this> {
    for (const on of replicas) {
      jobsOf(on).every(this.name, HOUR, (run) => {
        return new Promise((resolve, reject) => {
          const end = (outcome?: JobOutcome | Error) =>
            outcome instanceof Error ? reject(outcome) : resolve(outcome ?? {});
          run.signal.addEventListener('abort', () => end(new Error('aborted')), { once: true });
          this.runs.push({ on, run, end });
        });
      });
    }
    await until(async () => assert.ok(await row(this.name)));
    return this;
  }

  async begun(count: number) {
    await until(async () => assert.equal(this.runs.length, count));
    return this.runs[count - 1]!;
  }
}

describe('a job that replicas share', () => {
  let work: Work;
  beforeEach(async () => {
    work = await new Work().shared(one, two);
  });

  it('is due after one period, and then runs on one of them and says what it did', async () => {
    expect(await row(work.name)).toMatchObject({ later: true, holder: null, started_at: null });
    await makeDue(work.name);
    const { end } = await work.begun(1);
    expect(await row(work.name)).toMatchObject({ later: true, finished_at: null });
    end({ removed: 3 });
    await until(async () =>
      expect(await row(work.name)).toMatchObject({
        holder: null,
        outcome: { removed: 3 },
        failures: 0,
        error: null,
      }),
    );
    expect(work.runs).toHaveLength(1);
  });

  it('makes up once for all times it missed, and keeps in step', async () => {
    await makeDue(work.name, '9000 s'); // two and a half periods
    (await work.begun(1)).end();
    await until(async () => expect((await row(work.name)).holder).toBeNull());
    const { rows } = await db.query<{ left: number }>(
      `SELECT extract(epoch FROM due_at - now())::float8 AS left FROM jobs WHERE name = $1`,
      [work.name],
    );
    expect(rows[0]!.left).toBeGreaterThan(1_500);
    expect(rows[0]!.left).toBeLessThanOrEqual(1_800);
    expect(work.runs).toHaveLength(1);
  });

  it('that is asked for while it runs is run once more after that', async () => {
    await makeDue(work.name);
    const first = await work.begun(1);
    expect((await one.sudo.post(`/api/jobs/${work.name}/run`)).status).toBe(200);
    first.end({ round: 1 });
    (await work.begun(2)).end({ round: 2 });
    await until(async () => expect(await row(work.name)).toMatchObject({ outcome: { round: 2 } }));
  });

  it('is taken from a replica that was held up, whose writes are refused from then on', async () => {
    await makeDue(work.name);
    const held = await work.begun(1);
    // Its lease is over on the database's clock, which the replica does not know yet.
    await db.query(`UPDATE jobs SET expires_at = '-infinity' WHERE name = $1`, [work.name]);
    const other = await work.begun(2);
    expect(other.on).not.toBe(held.on);
    const writing = held.on.app.get(Database).transaction(async (tx) => {
      await held.run.guard(tx);
      await tx.run('UPDATE jobs SET outcome = $2 WHERE name = $1', [work.name, '{"zombie":1}']);
    });
    await expect(writing).rejects.toThrow(JobLost);
    other.end({ done: 1 });
    await until(async () =>
      expect(await row(work.name)).toMatchObject({ outcome: { done: 1 }, holder: null }),
    );
    await until(async () => expect(held.run.signal.aborted).toBe(true));
  });

  it('is not taken over while a write of it is under way', async () => {
    await makeDue(work.name);
    const { on, run } = await work.begun(1);
    let commit: (() => void) | undefined;
    const writing = on.app.get(Database).transaction(async (tx) => {
      await run.guard(tx);
      await new Promise<void>((resolve) => (commit = resolve));
    });
    await until(async () => expect(commit).toBeDefined());
    await db.query(`UPDATE jobs SET expires_at = '-infinity' WHERE name = $1 AND holder IS NOT NULL`, [
      work.name,
    ]);
    const { rowCount } = await db.query('SELECT 1 FROM jobs WHERE name = $1 FOR UPDATE SKIP LOCKED', [
      work.name,
    ]);
    expect(rowCount).toBe(0);
    commit!();
    await writing;
    (await work.begun(2)).end();
  });

  it('is gone on with when the replica that runs it has died', async () => {
    await db.query(
      `UPDATE jobs SET holder = gen_random_uuid(), fence = fence + 1, started_at = now() - interval '1 minute',
                       expires_at = now() - interval '1 s' WHERE name = $1`,
      [work.name],
    );
    (await work.begun(1)).end({ done: 1 });
    await until(async () =>
      expect(await row(work.name)).toMatchObject({ outcome: { done: 1 }, later: true }),
    );
  });

  it('that fails says why, is tried again soon, and is well once it went well', async () => {
    await makeDue(work.name);
    (await work.begun(1)).end(new Error('no room'));
    await until(async () =>
      expect(await row(work.name)).toMatchObject({ error: 'no room', failures: 1, holder: null }),
    );
    const { rows } = await db.query<{ left: number }>(
      `SELECT extract(epoch FROM due_at - finished_at)::float8 AS left FROM jobs WHERE name = $1`,
      [work.name],
    );
    expect(Math.round(rows[0]!.left)).toBe(10);
    await makeDue(work.name);
    (await work.begun(2)).end();
    await until(async () => expect(await row(work.name)).toMatchObject({ error: null, failures: 0 }));
  });

  it('goes on elsewhere at once when its replica is told to stop', async () => {
    const three = await startApp({}, one.connection);
    const work = await new Work().shared(three);
    await makeDue(work.name);
    const first = await work.begun(1);
    await work.shared(two);
    await three.close();
    expect(first.run.signal.aborted).toBe(true);
    const second = await work.begun(2);
    expect(second.on).toBe(two);
    second.end({ done: 1 });
    await until(async () =>
      expect(await row(work.name)).toMatchObject({ outcome: { done: 1 }, error: null }),
    );
  });
});

describe('what operators see of jobs', () => {
  it('is each with its last run, its owner and when it is due', async () => {
    const work = await new Work().shared(one);
    await makeDue(work.name);
    const { end } = await work.begun(1);
    const find = async () =>
      (await two.sudo.get('/api/jobs')).json.jobs.find((job: { name: string }) => job.name === work.name);
    const replicas = (await two.sudo.get('/api/nodes/state')).json.replicas as { id: string; name: string }[];
    const running = await find();
    expect(replicas.map(({ id }) => id)).toContain(running.owner_id);
    expect(running).toMatchObject({
      interval_seconds: HOUR,
      finished_at: null,
      outcome: null,
      owner: replicas[0]!.name,
    });
    end({ removed: 2, kept: 1 });
    await until(async () =>
      expect(await find()).toMatchObject({ owner: null, outcome: { removed: 2, kept: 1 } }),
    );
    const done = await find();
    expect(done.duration_seconds).toBeGreaterThan(0);
    expect([done.error, done.failures]).toEqual([null, 0]);
    expect(done.due_at > done.finished_at).toBe(true);
  });

  it('lists the jobs of the service itself', async () => {
    await until(async () => {
      const { jobs } = (await one.sudo.get('/api/jobs')).json;
      expect(jobs.map(({ name }: { name: string }) => name)).toEqual(
        expect.arrayContaining(['forget-logins', 'prune-user-changes', 'review-users', 'user-counts']),
      );
    });
  });

  it.each([
    ['delete-expired-users', ['deleted', 'failed']],
    ['forget-reminders', ['removed']],
    ['forget-logins', ['failures', 'known']],
    ['forget-deleted-nodes', ['removed', 'unseen']],
    ['prune-activity', ['removed']],
    ['prune-user-changes', ['lagging', 'removed']],
    ['remind-of-users', ['failed', 'reminders']],
    ['report-shared-credentials', ['shadowsocks', 'trojan', 'vless', 'vmess']],
    ['reset-data-limits', ['failed', 'reset']],
    ['review-users', ['changed']],
    ['user-counts', ['corrected', 'folded']],
  ])('tells what %s did', async (name, things) => {
    await until(async () => assert.equal((await one.sudo.post(`/api/jobs/${name}/run`)).status, 200));
    await until(async () =>
      assert.deepEqual(Object.keys((await row(name)).outcome ?? {}).toSorted(), things),
    );
  });

  it('can be run by hand, if it exists', async () => {
    const work = await new Work().shared(one);
    const reply = await two.sudo.post(`/api/jobs/${work.name}/run`);
    expect([reply.status, reply.json.name]).toEqual([200, work.name]);
    (await work.begun(1)).end();
    expect(await two.sudo.post('/api/jobs/nothing/run')).toMatchObject({
      status: 404,
      json: { detail: 'Job not found' },
    });
  });

  it('is for sudo admins only', async () => {
    await one.sudo.post('/api/admin', { username: 'plain', password: 'a long password', is_sudo: false });
    const plain = one.client(await one.login('plain', 'a long password'));
    for (const [who, status] of [
      [one.client(), 401],
      [plain, 403],
    ] as const) {
      expect((await who.get('/api/jobs')).status).toBe(status);
      expect((await who.post('/api/jobs/review-users/run')).status).toBe(status);
    }
  });
});
