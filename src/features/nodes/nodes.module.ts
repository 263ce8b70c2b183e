import { Module } from '@nestjs/common';
import { CoreModule } from '../core/index.js';
import { UsersModule } from '../users/index.js';
import { Connections } from './connection/connections.js';
import { CoreBodies } from './control/core-bodies.js';
import { DesiredUsers } from './control/desired-users.js';
import { LeasesRepository } from './control/leases.repository.js';
import { NodeController } from './control/node-controller.js';
import { NodeRuntimeRepository } from './control/node-runtime.repository.js';
import { NodeServices } from './control/node-services.js';
import { UserChangesRepository } from './control/user-changes.repository.js';
import { PruneUserChangesJob } from './jobs/prune-user-changes.job.js';
import { NodesRepository } from './nodes.repository.js';
import { NodesService } from './nodes.service.js';
import { UsageRepository } from './usage/usage.repository.js';

@Module({
  imports: [CoreModule, UsersModule],
  providers: [
    Connections,
    CoreBodies,
    DesiredUsers,
    LeasesRepository,
    NodeController,
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
