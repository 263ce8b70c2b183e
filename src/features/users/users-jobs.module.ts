import { Module } from '@nestjs/common';
import { DeleteExpiredUsersJob } from './jobs/delete-expired-users.job.js';
import { ReportSharedCredentialsJob } from './jobs/report-shared-credentials.job.js';
import { ResetDataLimitsJob } from './jobs/reset-data-limits.job.js';
import { ReviewUsersJob } from './jobs/review-users.job.js';
import { PeriodicResets } from './lifecycle/periodic-resets.js';
import { RemovalsRepository } from './lifecycle/removals.repository.js';
import { Removals } from './lifecycle/removals.js';
import { SharedCredentials } from './shared-credentials.js';
import { SharedCredentialsRepository } from './shared-credentials.repository.js';
import { UsersServicesModule } from './users-services.module.js';

@Module({
  imports: [UsersServicesModule],
  providers: [
    DeleteExpiredUsersJob,
    PeriodicResets,
    Removals,
    RemovalsRepository,
    ReportSharedCredentialsJob,
    ResetDataLimitsJob,
    ReviewUsersJob,
    SharedCredentials,
    SharedCredentialsRepository,
  ],
})
export class UsersJobsModule {}
