import { Module } from '@nestjs/common';
import { CoreController } from './core.controller.js';
import { CoreServicesModule } from './core-services.module.js';
import { InboundsController } from './inbounds.controller.js';

@Module({ imports: [CoreServicesModule], controllers: [CoreController, InboundsController] })
export class CoreModule {}
