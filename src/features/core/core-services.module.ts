import { Module } from '@nestjs/common';
import { AdminsServicesModule } from '../admins/index.js';
import { CoreConfigRepository } from './core-config.repository.js';
import { CoreConfigs } from './core-configs.js';
import { CoreNodesRepository } from './core-nodes.repository.js';
import { CoreService } from './core.service.js';
import { CoreTrials } from './core-trials.js';
import { InitialConfig } from './initial-config.js';
import { WorkerCoreConfigRepository } from './worker-core-config.repository.js';

@Module({
  imports: [AdminsServicesModule],
  providers: [
    CoreConfigRepository,
    CoreConfigs,
    CoreNodesRepository,
    CoreService,
    CoreTrials,
    InitialConfig,
    WorkerCoreConfigRepository,
  ],
  exports: [CoreConfigs, CoreService, CoreTrials],
})
export class CoreServicesModule {}
