import { Module } from '@nestjs/common';
import { AdminsController } from './admins.controller.js';
import { AdminsServicesModule } from './admins-services.module.js';

@Module({ imports: [AdminsServicesModule], controllers: [AdminsController] })
export class AdminsModule {}
