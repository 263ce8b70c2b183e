import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { Reminders } from '../lifecycle/reminders.js';

/** Looks, as often as users are reviewed, who has reached something that shops are reminded of. */
@Injectable()
export class RemindOfUsersJob implements OnApplicationBootstrap {
  constructor(
    private readonly config: Config,
    private readonly jobs: PeriodicJobs,
    private readonly reminders: Reminders,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('remind-of-users', this.config.jobs.reviewUsersSeconds, (run) =>
      this.reminders.remindDue(run),
    );
  }
}
