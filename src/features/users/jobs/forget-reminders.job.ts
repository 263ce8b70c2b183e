import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { Reminders } from '../lifecycle/reminders.js';

const SECONDS = 7200;

/** Looks every two hours which reminders are about what is no longer so. */
@Injectable()
export class ForgetRemindersJob implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: PeriodicJobs,
    private readonly reminders: Reminders,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('forget-reminders', SECONDS, (run) => this.reminders.forgetStale(run));
  }
}
