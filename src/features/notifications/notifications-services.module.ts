import { Module } from '@nestjs/common';
import { UsersServicesModule } from '../users/index.js';
import { Channels } from './channels.js';
import { WebhookChannel } from './webhooks/webhook-channel.js';
import { WebhookClient } from './webhooks/webhook-client.js';

@Module({
  imports: [UsersServicesModule],
  providers: [Channels, WebhookChannel, WebhookClient],
  exports: [Channels],
})
export class NotificationsServicesModule {}
