import { Module } from '@nestjs/common';
import { ReportSharedCredentialsJob } from './jobs/report-shared-credentials.job.js';
import { ReviewUsersJob } from './jobs/review-users.job.js';
import { SharedCredentials } from './shared-credentials.js';
import { SharedCredentialsRepository } from './shared-credentials.repository.js';
import { UsersServicesModule } from './users-services.module.js';

@Module({
  imports: [UsersServicesModule],
  providers: [ReportSharedCredentialsJob, ReviewUsersJob, SharedCredentials, SharedCredentialsRepository],
})
export class UsersJobsModule {}
