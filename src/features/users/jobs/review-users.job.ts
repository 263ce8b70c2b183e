import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { UserReviews } from '../user-reviews.js';

/** Looks every few seconds which users have used up their limit or time, or may start. */
@Injectable()
export class ReviewUsersJob implements OnApplicationBootstrap {
  constructor(
    private readonly config: Config,
    private readonly jobs: PeriodicJobs,
    private readonly reviews: UserReviews,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('review-users', this.config.jobs.reviewUsersSeconds, async (run) => ({
      changed: await this.reviews.reviewStatuses(run.at, (tx) => run.guard(tx)),
    }));
  }
}
