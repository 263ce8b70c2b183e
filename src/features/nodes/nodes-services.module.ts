import { Module } from '@nestjs/common';
import { CoreServicesModule } from '../core/index.js';
import { HostsServicesModule } from '../hosts/index.js';
import { NodeAdapters } from './adapters/node-adapters.js';
import { NodeIdentity } from './identity/node-identity.js';
import { NodesRepository } from './nodes.repository.js';
import { NodesService } from './nodes.service.js';
import { FleetStateRepository } from './state/fleet-state.repository.js';

@Module({
  imports: [CoreServicesModule, HostsServicesModule],
  providers: [FleetStateRepository, NodeAdapters, NodeIdentity, NodesRepository, NodesService],
  exports: [FleetStateRepository, NodeAdapters, NodeIdentity, NodesRepository, NodesService],
})
export class NodesServicesModule {}
