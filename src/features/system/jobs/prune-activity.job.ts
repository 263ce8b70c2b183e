import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { PeriodicJobs } from '../../../shared/scheduling/periodic-jobs.js';
import { OldActivity } from '../old-activity.js';

const SECONDS = 3600;

/** Forgets what was done so long ago that nobody wants to know it any more. */
@Injectable()
export class PruneActivityJob implements OnApplicationBootstrap {
  constructor(
    private readonly config: Config,
    private readonly jobs: PeriodicJobs,
    private readonly activity: OldActivity,
  ) {}

  onApplicationBootstrap(): void {
    this.jobs.every('prune-activity', SECONDS, async (run) => ({
      removed: await this.activity.prune(run, this.config.activityDays),
    }));
  }
}
