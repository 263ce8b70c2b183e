import { Module } from '@nestjs/common';
import { AdminsModule } from '../admins/index.js';
import { CoreModule } from '../core/index.js';
import { HostsController } from './hosts.controller.js';
import { HostsRepository } from './hosts.repository.js';
import { HostsService } from './hosts.service.js';

@Module({
  imports: [AdminsModule, CoreModule],
  controllers: [HostsController],
  providers: [HostsRepository, HostsService],
  exports: [HostsService],
})
export class HostsModule {}
