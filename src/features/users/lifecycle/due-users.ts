import { Logger } from '@nestjs/common';
import type { JobRun } from '../../../shared/scheduling/job-run.js';
import { spareOthers } from '../../../shared/scheduling/spare-others.js';

/** Of one that could not be settled: it is tried again after so long, twice as long, …, and so long at most. */
const REST_SECONDS = 60;
const LONGEST_REST_SECONDS = 600;

/** One run of a job, or of a test: the time it goes by, and what makes sure that nobody else does the same. */
export type Pass = Pick<JobRun, 'at' | 'guard'>;

export interface DueWork {
  /** At most so many of those that seem due as are settled at once, without these. */
  find(without: readonly number[]): Promise<number[]>;
  /** Locks those users, decides and writes, in one transaction. Returns what it did, in the sense of the job. */
  settle(ids: readonly number[]): Promise<number>;
}

interface Fault {
  words: string;
  /** How often in a row. */
  times: number;
  at: number;
}

/**
 * The users that are due for one job. One that cannot be settled is left out, which takes many tries to find out: so it rests for a
 * while, and is logged only when what is wrong with it is something else.
 */
export class DueUsers {
  private readonly logger = new Logger('Jobs');
  private readonly faults = new Map<number, Fault>();

  /** @param most so many are looked at in one transaction */
  constructor(
    private readonly job: string,
    private readonly most: number,
  ) {}

  /** Settles all of them, a batch at a time. `failed` are those that are due and were left out. */
  async settle(at: Date, { find, settle }: DueWork): Promise<{ settled: number; failed: number }> {
    const left: number[] = [];
    let settled = 0;
    for (;;) {
      const found = await find(left);
      const some = await this.settleThese(found, at, settle);
      settled += some.settled;
      left.push(...some.left);
      if (found.length < this.most || (some.settled === 0 && some.left.length === 0)) break;
    }
    return { settled, failed: left.length };
  }

  /** Settles these, and returns who of them was left out. */
  async settleThese(
    ids: readonly number[],
    at: Date,
    settle: DueWork['settle'],
  ): Promise<{ settled: number; left: number[] }> {
    const now = at.getTime();
    const left = ids.filter((id) => this.rests(id, now));
    const work = async (part: readonly number[]) => {
      const done = await settle(part);
      for (const id of part) this.faults.delete(id);
      return done;
    };
    const rested = ids.filter((id) => !this.rests(id, now));
    const parts = await spareOthers(rested, work, (id, error) => {
      left.push(id);
      this.note(id, error, now);
    });
    this.forget(now);
    return { settled: parts.reduce((sum, part) => sum + part, 0), left };
  }

  private rests(id: number, now: number): boolean {
    const fault = this.faults.get(id);
    return fault !== undefined && now >= fault.at && now < fault.at + restMs(fault);
  }

  private note(id: number, error: unknown, now: number): void {
    const words = error instanceof Error ? error.message : String(error);
    const last = this.faults.get(id);
    this.faults.set(id, { words, times: (last?.times ?? 0) + 1, at: now });
    if (last?.words === words) return;
    this.logger.error(
      { err: error, job: this.job, userId: id },
      `The job ${this.job} leaves out the user ${id}`,
    );
  }

  /** Who was not tried again though it was time is not due any more, or gone. */
  private forget(now: number): void {
    for (const [id, fault] of this.faults) {
      if (Math.abs(now - fault.at) > 2 * LONGEST_REST_SECONDS * 1000) this.faults.delete(id);
    }
  }
}

const restMs = ({ times }: Fault): number =>
  Math.min(REST_SECONDS * 2 ** (times - 1), LONGEST_REST_SECONDS) * 1000;
