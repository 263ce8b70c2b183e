import { Module } from '@nestjs/common';
import { CoreServicesModule } from '../core/index.js';
import { UsersServicesModule } from '../users/index.js';
import { AppliedPlaces } from './actor/applied-places.js';
import { FencedWrites } from './actor/fenced-writes.js';
import { NodeMemoryRepository } from './actor/node-memory.repository.js';
import { NodeRuntimeRepository } from './actor/node-runtime.repository.js';
import { NodeStates } from './actor/node-states.js';
import { NodeStatesRepository } from './actor/node-states.repository.js';
import { NodeServices } from './actor/node-services.js';
import { RollOuts } from './actor/roll-outs.js';
import { RollOutsRepository } from './actor/roll-outs.repository.js';
import { ChangeFeed } from './convergence/change-feed.js';
import { CoreBodies } from './convergence/core-bodies.js';
import { DesiredUsers } from './convergence/desired-users.js';
import { UserChangesRepository } from './convergence/user-changes.repository.js';
import { ForgetDeletedNodesJob } from './jobs/forget-deleted-nodes.job.js';
import { PruneUserChangesJob } from './jobs/prune-user-changes.job.js';
import { UsageRepository } from './metering/usage.repository.js';
import { NodesServicesModule } from './nodes-services.module.js';
import { GoneNodes } from './ownership/gone-nodes.js';
import { LeasesRepository } from './ownership/leases.repository.js';
import { LocalCoreOwnership } from './ownership/local-core-ownership.js';
import { LocalNodesRepository } from './ownership/local-nodes.repository.js';
import { Ownership } from './ownership/ownership.js';
import { WorkerNodesRepository } from './worker-nodes.repository.js';

/** What makes nodes as their rows want them, where a replica is there for that. */
@Module({
  imports: [CoreServicesModule, NodesServicesModule, UsersServicesModule],
  providers: [
    AppliedPlaces,
    ChangeFeed,
    CoreBodies,
    DesiredUsers,
    FencedWrites,
    ForgetDeletedNodesJob,
    GoneNodes,
    LeasesRepository,
    LocalCoreOwnership,
    LocalNodesRepository,
    NodeMemoryRepository,
    NodeRuntimeRepository,
    NodeServices,
    NodeStates,
    NodeStatesRepository,
    Ownership,
    PruneUserChangesJob,
    RollOuts,
    RollOutsRepository,
    UsageRepository,
    UserChangesRepository,
    WorkerNodesRepository,
  ],
})
export class NodesControlModule {}
