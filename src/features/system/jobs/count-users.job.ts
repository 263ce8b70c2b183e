import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { UserCountsRepository } from '../user-counts.repository.js';

const SECONDS = 10;
/** A user counts as online for a day after its last traffic. */
const ONLINE_SECONDS = 24 * 3600;
/** Counting who is online may take this part of the time: a million users are counted less often. */
const SHARE_OF_TIME = 1 / 50;

/** Counts who is online, and keeps the rows of counts few. */
@Injectable()
export class CountUsersJob implements OnApplicationBootstrap {
  private countAgainAt = 0;

  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly counts: UserCountsRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('user-counts', SECONDS, () => this.run());
  }

  async run(): Promise<void> {
    const begun = performance.now();
    if (begun >= this.countAgainAt) {
      await this.counts.countOnline(ONLINE_SECONDS);
      this.countAgainAt = begun + (performance.now() - begun) / SHARE_OF_TIME;
    }
    await this.counts.fold();
  }
}
