import { Module } from '@nestjs/common';
import { ReportSharedCredentialsJob } from './jobs/report-shared-credentials.job.js';
import { ResetDataLimitsJob } from './jobs/reset-data-limits.job.js';
import { ReviewUsersJob } from './jobs/review-users.job.js';
import { PeriodicResets } from './lifecycle/periodic-resets.js';
import { SharedCredentials } from './shared-credentials.js';
import { SharedCredentialsRepository } from './shared-credentials.repository.js';
import { UsersServicesModule } from './users-services.module.js';

@Module({
  imports: [UsersServicesModule],
  providers: [
    PeriodicResets,
    ReportSharedCredentialsJob,
    ResetDataLimitsJob,
    ReviewUsersJob,
    SharedCredentials,
    SharedCredentialsRepository,
  ],
})
export class UsersJobsModule {}
