import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { JobOutcome } from '../../shared/scheduling/job-run.js';

/** What is known of a job. */
export interface JobState {
  name: string;
  intervalSeconds: number;
  dueAt: Date;
  /** The replica that runs it; null while none does. */
  ownerId: string | null;
  /** Null also for one that has not been heard of for long. */
  owner: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  succeededAt: Date | null;
  /** Of the last run that has ended, in seconds. */
  duration: number | null;
  /** Of the last run that went well. */
  outcome: JobOutcome | null;
  /** Of the last run, when it failed. */
  error: string | null;
  /** In a row. */
  failures: number;
}

const COLUMNS = `j.name, j.interval_seconds AS "intervalSeconds", j.due_at AS "dueAt", j.holder AS "ownerId", r.name AS owner,
                 j.started_at AS "startedAt", j.finished_at AS "finishedAt", j.succeeded_at AS "succeededAt",
                 j.outcome, j.error, j.failures, j.duration`;

const STATES = (jobs: string) => `SELECT ${COLUMNS} FROM ${jobs} j LEFT JOIN replica r ON r.id = j.holder`;

@Injectable()
export class JobStatesRepository {
  constructor(private readonly db: Database) {}

  /** All jobs, by name. */
  all(): Promise<JobState[]> {
    return this.db.rows<JobState>(`${STATES('jobs')} ORDER BY j.name`);
  }

  /** Makes a job due now, and returns what is known of it; undefined for one that nobody has. */
  makeDue(name: string): Promise<JobState | undefined> {
    return this.db.row<JobState>(
      `WITH due AS (UPDATE jobs SET due_at = least(due_at, now()) WHERE name = $1 RETURNING *) ${STATES('due')}`,
      [name],
    );
  }
}
