import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../database/database-clock.js';
import { LeaseDatabase } from '../database/lease-database.js';
import type { Statement } from '../database/statement.js';
import { JOB_LEASE_SECONDS, type JobGrant, type JobOutcome } from './job-run.js';
import { Replica } from './replica.js';

/** A job that failed is tried again after so many seconds, twice as many each time, but no later than it is due anyway. */
const RETRY_SECONDS = 10;
const MAX_ERROR = 500;

const REGISTER: Statement = {
  name: 'jobs_register',
  text: `WITH gone AS (DELETE FROM jobs WHERE due_at < now() - interval '30 days' AND name <> ALL ($1))
          INSERT INTO jobs (name, interval_seconds, due_at)
          SELECT name, seconds, now() + make_interval(secs => first) FROM unnest($1::text[], $2::int[], $3::int[]) AS j (name, seconds, first)
           ORDER BY name
          ON CONFLICT (name) DO UPDATE
            SET interval_seconds = excluded.interval_seconds, due_at = least(jobs.due_at, excluded.due_at)`,
};

const CLAIM: Statement = {
  name: 'jobs_claim',
  text: `UPDATE jobs j
             SET holder = $2, fence = j.fence + 1, started_at = clock_timestamp(),
                 expires_at = clock_timestamp() + make_interval(secs => $3),
                 due_at = CASE WHEN j.due_at > now() THEN j.due_at
                               ELSE j.due_at + (1 + floor(extract(epoch FROM now() - j.due_at) / j.interval_seconds))
                                               * make_interval(secs => j.interval_seconds) END
            FROM (SELECT name FROM jobs
                   WHERE name = ANY ($1) AND (due_at <= now() OR holder IS NOT NULL)
                     AND expires_at < least(clock_timestamp(), $4)
                   ORDER BY name FOR UPDATE SKIP LOCKED) d
           WHERE j.name = d.name
          RETURNING j.name, j.fence, j.started_at AS at`,
};

const RENEW: Statement = {
  name: 'jobs_renew',
  text: `UPDATE jobs j SET expires_at = clock_timestamp() + make_interval(secs => $3)
            FROM unnest($1::text[], $2::bigint[]) AS r (name, fence)
           WHERE j.name = r.name AND j.fence = r.fence AND j.expires_at > '-infinity'
          RETURNING j.name`,
};

const SHORTEN: Statement = {
  name: 'jobs_shorten',
  text: `UPDATE jobs j
             SET expires_at = least(j.expires_at, clock_timestamp() + make_interval(secs => $1)),
                 due_at = least(j.due_at, now() + make_interval(secs => j.interval_seconds))
            FROM (SELECT name FROM jobs
                   WHERE expires_at > clock_timestamp() + make_interval(secs => $1 + 1)
                      OR due_at > now() + make_interval(secs => interval_seconds + 1)
                   ORDER BY name FOR UPDATE SKIP LOCKED) e
           WHERE j.name = e.name`,
};

const SUCCEED: Statement = {
  name: 'jobs_succeed',
  text: `UPDATE jobs SET holder = NULL, expires_at = '-infinity', finished_at = clock_timestamp(), outcome = $3,
                          duration = extract(epoch FROM clock_timestamp() - started_at),
                          succeeded_at = clock_timestamp(), error = NULL, failures = 0
           WHERE name = $1 AND fence = $2`,
};

const FAIL: Statement = {
  name: 'jobs_fail',
  text: `UPDATE jobs SET holder = NULL, expires_at = '-infinity', finished_at = clock_timestamp(),
                          duration = extract(epoch FROM clock_timestamp() - started_at),
                          error = $3, failures = failures + 1,
                          due_at = least(due_at, now() + make_interval(secs => $4 * 2 ^ least(failures, 20)))
           WHERE name = $1 AND fence = $2
          RETURNING extract(epoch FROM due_at - now())::float8 AS seconds`,
};

const GIVE_UP: Statement = {
  name: 'jobs_give_up',
  text: `WITH given AS (
            UPDATE jobs SET holder = NULL, expires_at = '-infinity', due_at = now() WHERE holder = $1 RETURNING name
          )
          SELECT pg_notify('job_wake', '') FROM given LIMIT 1`,
};

/** When jobs are due and who runs them: one row each, on the database's clock. */
@Injectable()
export class JobsRepository {
  constructor(
    private readonly db: LeaseDatabase,
    private readonly replica: Replica,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Makes jobs known, due after so many seconds; those known before keep their time unless it lies further off than that.
   * Those that nobody has run for a month, since no version has them any more, are forgotten.
   */
  async register(jobs: readonly { name: string; seconds: number; firstAfter: number }[]): Promise<void> {
    await this.db.rows(REGISTER, [
      jobs.map(({ name }) => name),
      jobs.map(({ seconds }) => seconds),
      jobs.map(({ firstAfter }) => firstAfter),
    ]);
  }

  /**
   * Takes those of these jobs that are due, or that a replica has not finished which is gone. Times that were missed count
   * as one: the next is the first after now in the same steps.
   */
  async claim(names: readonly string[]): Promise<JobGrant[]> {
    return this.db.rows<JobGrant>(CLAIM, [names, this.replica.id, JOB_LEASE_SECONDS, this.clock.unjumped()]);
  }

  /**
   * A clock that is set back leaves jobs that are due in hours, and leases that end then. From now on none is due later than
   * one period from now, and no lease longer than if it was just renewed, which its owner does not notice.
   */
  async shortenEndless(): Promise<void> {
    await this.db.rows(SHORTEN, [JOB_LEASE_SECONDS]);
  }

  /**
   * Renews the leases of these runs, also those that are over on a clock that was set forward, unless somebody has taken
   * them; returns the names of those that are still this replica's.
   */
  async renew(runs: readonly JobGrant[]): Promise<Set<string>> {
    const rows = await this.db.rows<{ name: string }>(RENEW, [
      runs.map(({ name }) => name),
      runs.map(({ fence }) => fence),
      JOB_LEASE_SECONDS,
    ]);
    return new Set(rows.map(({ name }) => name));
  }

  /** Records what came of a run, and lets others have the job. */
  async succeed({ name, fence }: JobGrant, outcome: JobOutcome): Promise<void> {
    await this.db.rows(SUCCEED, [name, fence, JSON.stringify(outcome)]);
  }

  /** The same for a run that failed. Returns in how many seconds it is tried again; undefined when it went on elsewhere. */
  async fail({ name, fence }: JobGrant, error: string): Promise<number | undefined> {
    const [row] = await this.db.rows<{ seconds: number }>(FAIL, [
      name,
      fence,
      error.replaceAll('\0', '').slice(0, MAX_ERROR),
      RETRY_SECONDS,
    ]);
    return row?.seconds;
  }

  /** Gives up every job this replica has begun and not finished, so that another can go on at once. */
  async giveUp(): Promise<void> {
    await this.db.rows(GIVE_UP, [this.replica.id]);
  }
}
