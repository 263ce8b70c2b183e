import { Module } from '@nestjs/common';
import { UsersServicesModule } from '../users/index.js';
import { Channels } from './channels.js';

@Module({
  imports: [UsersServicesModule],
  providers: [Channels],
  exports: [Channels],
})
export class NotificationsServicesModule {}
