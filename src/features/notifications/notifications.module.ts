import { Module } from '@nestjs/common';
import { NotificationsServicesModule } from './notifications-services.module.js';

@Module({ imports: [NotificationsServicesModule] })
export class NotificationsModule {}
