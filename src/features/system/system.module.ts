import { Module } from '@nestjs/common';
import { NodesServicesModule } from '../nodes/index.js';
import { Machine } from './machine.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';
import { UserCountsRepository } from './user-counts.repository.js';

@Module({
  imports: [NodesServicesModule],
  controllers: [SystemController],
  providers: [Machine, SystemService, UserCountsRepository],
})
export class SystemModule {}
