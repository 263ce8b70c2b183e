import { Global, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Handover } from './handover.js';
import { JobLeaseRepository } from './job-lease.repository.js';
import { PeriodicJobs } from './periodic-jobs.js';
import { Replica } from './replica.js';

@Global()
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [Handover, Replica, JobLeaseRepository, PeriodicJobs],
  exports: [Handover, Replica, PeriodicJobs],
})
export class SchedulingModule {}
