import { Module } from '@nestjs/common';
import { CountUsersJob } from './jobs/count-users.job.js';
import { PruneActivityJob } from './jobs/prune-activity.job.js';
import { OldActivity } from './old-activity.js';
import { UserCounting } from './user-counting.js';
import { WorkerUserCountsRepository } from './worker-user-counts.repository.js';

@Module({
  providers: [CountUsersJob, OldActivity, PruneActivityJob, UserCounting, WorkerUserCountsRepository],
})
export class SystemJobsModule {}
