import type { Queryable, Tx } from '../database/database.js';
import { Lease } from './lease.js';

/** How long a job's lease lives without being renewed. */
export const JOB_LEASE_SECONDS = 15;

/** What a run did, for people to read: how many of what. */
export type JobOutcome = Record<string, number>;

/** The right to run a job once. The fence is part of every write about it: an older one is refused. */
export interface JobGrant {
  name: string;
  fence: bigint;
  /** The database's time when it began. */
  at: Date;
}

/** Another replica runs the job now, or this one is told to stop: nothing more may be written for this run. */
export class JobLost extends Error {
  constructor(name: string) {
    super(`The job ${name} goes on elsewhere`);
    this.name = 'JobLost';
  }
}

/** One run of a job, on the one replica that may. */
export class JobRun {
  readonly lease: Lease;

  constructor(
    readonly grant: JobGrant,
    since: number,
  ) {
    this.lease = new Lease(JOB_LEASE_SECONDS, since);
  }

  /** The time that it goes by, as the database has it. */
  get at(): Date {
    return this.grant.at;
  }

  /** Aborted when the run has to end: between two of its steps, work that goes on in steps looks at this. */
  get signal(): AbortSignal {
    return this.lease.signal;
  }

  /** Makes sure that no other replica runs the job before `tx` has ended. To be called first in it. @throws JobLost */
  async guard(tx: Tx): Promise<void> {
    if (!(this.lease.isHeld && (await isHeld(tx, this.grant)))) throw new JobLost(this.grant.name);
  }

  /** The same for a record of what is done already: a run that has to end may still write that. @throws JobLost */
  async guardRecord(tx: Tx): Promise<void> {
    if (!(await isHeld(tx, this.grant))) throw new JobLost(this.grant.name);
  }
}

/** This lock waits for no renewal, nor the other way round; whoever wants to take the job over passes it by. */
async function isHeld(db: Queryable, { name, fence }: JobGrant): Promise<boolean> {
  const row = await db.row('SELECT 1 FROM jobs WHERE name = $1 AND fence = $2 FOR KEY SHARE', [name, fence]);
  return row !== undefined;
}
