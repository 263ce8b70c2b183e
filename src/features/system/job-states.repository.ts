import { Injectable } from '@nestjs/common';
import { DatabaseEvents } from '../../shared/database/database-events.js';
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

const STATES = `SELECT ${COLUMNS} FROM jobs j LEFT JOIN replica r ON r.id = j.holder`;

@Injectable()
export class JobStatesRepository {
  constructor(
    private readonly db: Database,
    private readonly events: DatabaseEvents,
  ) {}

  /** All jobs, by name. */
  all(): Promise<JobState[]> {
    return this.db.rows<JobState>(`${STATES} ORDER BY j.name`);
  }

  /** Makes a job due now, and returns what is known of it; undefined for one that nobody has. */
  async request(name: string): Promise<JobState | undefined> {
    const asked = await this.db.run(`UPDATE jobs SET due_at = least(due_at, now()) WHERE name = $1`, [name]);
    if (asked === 0) return undefined;
    this.events.hint('job_wake');
    return this.db.row<JobState>(`${STATES} WHERE j.name = $1`, [name]);
  }
}
