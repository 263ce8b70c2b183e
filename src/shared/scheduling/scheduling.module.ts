import { Global, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { JobLeaseRepository } from './job-lease.repository.js';
import { PeriodicJobs } from './periodic-jobs.js';
import { Replica } from './replica.js';

@Global()
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [Replica, JobLeaseRepository, PeriodicJobs],
  exports: [Replica, PeriodicJobs],
})
export class SchedulingModule {}
