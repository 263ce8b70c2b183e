import { Global, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Handover } from './handover.js';
import { Heartbeat } from './heartbeat.js';
import { JobsRepository } from './jobs.repository.js';
import { PeriodicJobs } from './periodic-jobs.js';
import { Replica } from './replica.js';
import { ReplicasRepository } from './replicas.repository.js';

@Global()
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [Handover, Heartbeat, Replica, ReplicasRepository, JobsRepository, PeriodicJobs],
  exports: [Handover, Heartbeat, Replica, PeriodicJobs],
})
export class SchedulingModule {}
