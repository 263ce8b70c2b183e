import { Module } from '@nestjs/common';
import { AdminsModule } from '../admins/index.js';
import { CoreConfigRepository } from './core-config.repository.js';
import { CoreConfigs } from './core-configs.js';
import { CoreController } from './core.controller.js';
import { CoreNodesRepository } from './core-nodes.repository.js';
import { CoreService } from './core.service.js';
import { InboundsController } from './inbounds.controller.js';
import { InitialConfig } from './initial-config.js';

@Module({
  imports: [AdminsModule],
  controllers: [CoreController, InboundsController],
  providers: [CoreConfigRepository, CoreConfigs, CoreNodesRepository, CoreService, InitialConfig],
  exports: [CoreConfigs],
})
export class CoreModule {}
