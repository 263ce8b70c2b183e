import { Module } from '@nestjs/common';
import { NodesServicesModule } from '../nodes/index.js';
import { JobStatesRepository } from './job-states.repository.js';
import { JobsController } from './jobs.controller.js';
import { JobsService } from './jobs.service.js';
import { Machine } from './machine.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';
import { SystemServicesModule } from './system-services.module.js';

@Module({
  imports: [NodesServicesModule, SystemServicesModule],
  controllers: [SystemController, JobsController],
  providers: [JobStatesRepository, JobsService, Machine, SystemService],
})
export class SystemModule {}
