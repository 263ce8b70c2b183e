import { Logger } from '@nestjs/common';
import type { JobRun } from '../../../shared/scheduling/job-run.js';
import { spareOthers } from '../../../shared/scheduling/spare-others.js';

/** One run of a job, or of a test: the time it goes by, and what makes sure that nobody else does the same. */
export type Pass = Pick<JobRun, 'at' | 'guard'>;

export interface DueWork {
  name: string;
  /** So many are looked at in one transaction. */
  most: number;
  /** At most `most` of those that seem due, without these. */
  find(without: readonly number[]): Promise<number[]>;
  /** Locks those users, decides and writes, in one transaction. Returns what it did, in the sense of the job. */
  settle(ids: readonly number[]): Promise<number>;
}

/** Settles all users that are due, a batch at a time. One that cannot be is logged and left out. */
export async function settleDue({
  name,
  most,
  find,
  settle,
}: DueWork): Promise<{ settled: number; failed: number }> {
  const logger = new Logger('Jobs');
  const failed: number[] = [];
  let settled = 0;
  for (;;) {
    const ids = await find(failed);
    const spared = failed.length;
    const parts = await spareOthers(ids, settle, (id, error) => {
      failed.push(id);
      logger.error({ err: error, job: name, userId: id }, `The job ${name} leaves out the user ${id}`);
    });
    const done = parts.reduce((sum, part) => sum + part, 0);
    settled += done;
    if (ids.length < most || (done === 0 && failed.length === spared))
      return { settled, failed: failed.length };
  }
}
