import { Module } from '@nestjs/common';
import { NodesServicesModule } from '../nodes/index.js';
import { JobsController } from './jobs.controller.js';
import { Machine } from './machine.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';
import { SystemServicesModule } from './system-services.module.js';

@Module({
  imports: [NodesServicesModule, SystemServicesModule],
  controllers: [SystemController, JobsController],
  providers: [Machine, SystemService],
})
export class SystemModule {}
