import { Module } from '@nestjs/common';
import { CountUsersJob } from './jobs/count-users.job.js';
import { SystemServicesModule } from './system-services.module.js';
import { UserCounting } from './user-counting.js';

@Module({ imports: [SystemServicesModule], providers: [CountUsersJob, UserCounting] })
export class SystemJobsModule {}
