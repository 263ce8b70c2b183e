import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { NoticeSender } from '../notice-sender.js';

/** Has notifications sent all the time, from the start on: a run ends when the next one is due. */
@Injectable()
export class DeliverNotificationsJob implements OnApplicationBootstrap {
  constructor(
    private readonly config: Config,
    private readonly jobs: PeriodicJobs,
    private readonly sender: NoticeSender,
  ) {}

  onApplicationBootstrap(): void {
    const { sendSeconds } = this.config.notifications;
    this.jobs.every('deliver-notifications', sendSeconds, (run) => this.sender.send(run), 0);
  }
}
