import { Module } from '@nestjs/common';
import { AdminsServicesModule } from './admins-services.module.js';
import { ForgetLoginsJob } from './jobs/forget-logins.job.js';

@Module({ imports: [AdminsServicesModule], providers: [ForgetLoginsJob] })
export class AdminsJobsModule {}
