import { Module } from '@nestjs/common';
import { AdminsModule } from '../admins/index.js';
import { CoreModule } from '../core/index.js';
import { HostsModule } from '../hosts/index.js';
import { UsersModule } from '../users/index.js';
import { NodeAdapters } from './adapters/node-adapters.js';
import { CoreBodies } from './convergence/core-bodies.js';
import { DesiredUsers } from './convergence/desired-users.js';
import { LeasesRepository } from './ownership/leases.repository.js';
import { LocalCoreOwnership } from './ownership/local-core-ownership.js';
import { LocalNodesRepository } from './ownership/local-nodes.repository.js';
import { Ownership } from './ownership/ownership.js';
import { NodeRuntimeRepository } from './actor/node-runtime.repository.js';
import { NodeServices } from './actor/node-services.js';
import { UserChangesRepository } from './convergence/user-changes.repository.js';
import { NodeIdentity } from './identity/node-identity.js';
import { ForgetDeletedNodesJob } from './jobs/forget-deleted-nodes.job.js';
import { PruneUserChangesJob } from './jobs/prune-user-changes.job.js';
import { LogSockets } from './logs/log-sockets.js';
import { NodeLogs } from './logs/node-logs.js';
import { NodesController } from './nodes.controller.js';
import { NodesRepository } from './nodes.repository.js';
import { NodesService } from './nodes.service.js';
import { UsageRepository } from './metering/usage.repository.js';

@Module({
  imports: [AdminsModule, CoreModule, HostsModule, UsersModule],
  controllers: [NodesController],
  providers: [
    CoreBodies,
    DesiredUsers,
    ForgetDeletedNodesJob,
    LeasesRepository,
    LogSockets,
    NodeAdapters,
    LocalCoreOwnership,
    LocalNodesRepository,
    Ownership,
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
