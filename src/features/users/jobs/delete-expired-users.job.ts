import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { Removals } from '../lifecycle/removals.js';

const SECONDS = 3600;

/** Looks every hour who has been expired for long enough. */
@Injectable()
export class DeleteExpiredUsersJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly removals: Removals,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('delete-expired-users', SECONDS, (run) => this.removals.removeDue(run));
  }
}
