import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import type { JobOutcome } from '../../shared/scheduling/job-run.js';
import { WorkerUserCountsRepository } from './worker-user-counts.repository.js';

/** A user counts as online for a day after its last traffic. */
const ONLINE_SECONDS = 24 * 3600;
/** Counting who is online may take this part of the time: a million users are counted less often. */
const SHARE_OF_TIME = 1 / 50;

/** Keeps the counts of users true, and their rows few. */
@Injectable()
export class UserCounting {
  private countAgainAt = 0;

  constructor(private readonly counts: WorkerUserCountsRepository) {}

  /** Counts who is online if that is due. Returns for how many admins that was another number, and how many rows became few. */
  async keep(): Promise<JobOutcome> {
    const begun = performance.now();
    let corrected = 0;
    if (begun >= this.countAgainAt) {
      corrected = await this.counts.countOnline(ONLINE_SECONDS);
      this.countAgainAt = begun + (performance.now() - begun) / SHARE_OF_TIME;
    }
    return { corrected, folded: await this.counts.fold() };
  }
}
