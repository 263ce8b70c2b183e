import { Module } from '@nestjs/common';
import { LogSockets } from './logs/log-sockets.js';
import { NodeLogs } from './logs/node-logs.js';
import { NodesController } from './nodes.controller.js';
import { FleetStateController } from './state/fleet-state.controller.js';
import { NodesServicesModule } from './nodes-services.module.js';

@Module({
  imports: [NodesServicesModule],
  controllers: [NodesController, FleetStateController],
  providers: [LogSockets, NodeLogs],
})
export class NodesModule {}
