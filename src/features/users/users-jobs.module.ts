import { Module } from '@nestjs/common';
import { DeleteExpiredUsersJob } from './jobs/delete-expired-users.job.js';
import { ForgetRemindersJob } from './jobs/forget-reminders.job.js';
import { RemindOfUsersJob } from './jobs/remind-of-users.job.js';
import { ReportSharedCredentialsJob } from './jobs/report-shared-credentials.job.js';
import { ResetDataLimitsJob } from './jobs/reset-data-limits.job.js';
import { ReviewUsersJob } from './jobs/review-users.job.js';
import { PeriodicResets } from './lifecycle/periodic-resets.js';
import { RemindersRepository } from './lifecycle/reminders.repository.js';
import { Reminders } from './lifecycle/reminders.js';
import { RemovalsRepository } from './lifecycle/removals.repository.js';
import { Removals } from './lifecycle/removals.js';
import { SharedCredentials } from './shared-credentials.js';
import { SharedCredentialsRepository } from './shared-credentials.repository.js';
import { UsersServicesModule } from './users-services.module.js';

@Module({
  imports: [UsersServicesModule],
  providers: [
    DeleteExpiredUsersJob,
    ForgetRemindersJob,
    PeriodicResets,
    RemindOfUsersJob,
    Reminders,
    RemindersRepository,
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
