import { Module } from '@nestjs/common';
import { CountUsersJob } from './jobs/count-users.job.js';
import { UserCounting } from './user-counting.js';
import { WorkerUserCountsRepository } from './worker-user-counts.repository.js';

@Module({ providers: [CountUsersJob, UserCounting, WorkerUserCountsRepository] })
export class SystemJobsModule {}
