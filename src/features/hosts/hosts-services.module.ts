import { Module } from '@nestjs/common';
import { CoreServicesModule } from '../core/index.js';
import { HostsRepository } from './hosts.repository.js';
import { HostsService } from './hosts.service.js';

@Module({
  imports: [CoreServicesModule],
  providers: [HostsRepository, HostsService],
  exports: [HostsService],
})
export class HostsServicesModule {}
