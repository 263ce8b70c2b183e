import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { UserCounting } from '../user-counting.js';

const SECONDS = 10;

/** Counts who is online, and keeps the rows of counts few. */
@Injectable()
export class CountUsersJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly counting: UserCounting,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('user-counts', SECONDS, () => this.counting.keep());
  }
}
