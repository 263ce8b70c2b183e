import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { NOTICES_CHANNEL } from '../../shared/activity/activity.js';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import type { JobOutcome, JobRun } from '../../shared/scheduling/job-run.js';
import { Channels } from './channels.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { SendingRun } from './sending-run.js';
import { TargetLog } from './target-log.js';

/** Sends what others are to be told of, on the one replica whose turn it is. */
@Injectable()
export class NoticeSender {
  constructor(
    private readonly config: Config,
    private readonly channels: Channels,
    private readonly deliveries: DeliveriesRepository,
    private readonly events: DatabaseEvents,
    private readonly targets: TargetLog,
  ) {}

  /** Sends what is due, and what becomes due meanwhile, for as long as one run lasts; returns what came of it. */
  async send(run: JobRun): Promise<JobOutcome> {
    const { notifications } = this.config;
    const sending = new SendingRun(this.channels, this.deliveries, this.targets, notifications, run);
    const stopListening = this.events.on(NOTICES_CHANNEL, () => sending.wake());
    try {
      return await sending.go();
    } finally {
      stopListening();
    }
  }
}
