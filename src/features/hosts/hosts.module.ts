import { Module } from '@nestjs/common';
import { HostsController } from './hosts.controller.js';
import { HostsServicesModule } from './hosts-services.module.js';

@Module({ imports: [HostsServicesModule], controllers: [HostsController] })
export class HostsModule {}
