import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { PeriodicResets } from '../lifecycle/periodic-resets.js';

const SECONDS = 60;

/** Looks every minute whose day, week, month or year is over. */
@Injectable()
export class ResetDataLimitsJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly resets: PeriodicResets,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('reset-data-limits', SECONDS, (run) => this.resets.resetDue(run));
  }
}
