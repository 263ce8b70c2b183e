import { Module } from '@nestjs/common';
import { AdminsModule } from '../admins/index.js';
import { CoreModule } from '../core/index.js';
import { HostsModule } from '../hosts/index.js';
import { UsersModule } from '../users/index.js';
import { Connections } from './connection/connections.js';
import { CoreBodies } from './control/core-bodies.js';
import { DesiredUsers } from './control/desired-users.js';
import { LeasesRepository } from './control/leases.repository.js';
import { NodeController } from './control/node-controller.js';
import { NodeRuntimeRepository } from './control/node-runtime.repository.js';
import { NodeServices } from './control/node-services.js';
import { UserChangesRepository } from './control/user-changes.repository.js';
import { NodeIdentity } from './identity/node-identity.js';
import { ForgetDeletedNodesJob } from './jobs/forget-deleted-nodes.job.js';
import { PruneUserChangesJob } from './jobs/prune-user-changes.job.js';
import { LogSockets } from './logs/log-sockets.js';
import { NodeLogs } from './logs/node-logs.js';
import { NodesController } from './nodes.controller.js';
import { NodesRepository } from './nodes.repository.js';
import { NodesService } from './nodes.service.js';
import { UsageRepository } from './usage/usage.repository.js';

@Module({
  imports: [AdminsModule, CoreModule, HostsModule, UsersModule],
  controllers: [NodesController],
  providers: [
    Connections,
    CoreBodies,
    DesiredUsers,
    ForgetDeletedNodesJob,
    LeasesRepository,
    LogSockets,
    NodeController,
    NodeIdentity,
    NodeLogs,
    NodeRuntimeRepository,
    NodeServices,
    NodesRepository,
    NodesService,
    PruneUserChangesJob,
    UsageRepository,
    UserChangesRepository,
  ],
  exports: [NodesService],
})
export class NodesModule {}
