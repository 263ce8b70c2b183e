import { Module } from '@nestjs/common';
import { JobStatesRepository } from './job-states.repository.js';
import { JobsService } from './jobs.service.js';
import { UserCountsRepository } from './user-counts.repository.js';

@Module({
  providers: [JobStatesRepository, JobsService, UserCountsRepository],
  exports: [JobsService, UserCountsRepository],
})
export class SystemServicesModule {}
