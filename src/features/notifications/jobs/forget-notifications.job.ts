import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { ForgettingRepository } from '../forgetting.repository.js';

const SECONDS = 3600;

/** Forgets notifications that were delivered or given up long ago. */
@Injectable()
export class ForgetNotificationsJob implements OnApplicationBootstrap {
  constructor(
    private readonly config: Config,
    private readonly jobs: PeriodicJobs,
    private readonly finished: ForgettingRepository,
  ) {}

  onApplicationBootstrap(): void {
    const { keepDeliveredDays, keepDeadDays } = this.config.notifications;
    this.jobs.every('forget-notifications', SECONDS, async (run) => ({
      delivered: await this.finished.forget(run, 'delivered', keepDeliveredDays),
      dead: await this.finished.forget(run, 'dead', keepDeadDays),
    }));
  }
}
