import { Module } from '@nestjs/common';
import { CountUsersJob } from './jobs/count-users.job.js';
import { UserCountsRepository } from './user-counts.repository.js';

@Module({ providers: [CountUsersJob, UserCountsRepository] })
export class SystemJobsModule {}
