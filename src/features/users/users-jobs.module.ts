import { Module } from '@nestjs/common';
import { ReviewUsersJob } from './jobs/review-users.job.js';
import { UsersServicesModule } from './users-services.module.js';

@Module({ imports: [UsersServicesModule], providers: [ReviewUsersJob] })
export class UsersJobsModule {}
