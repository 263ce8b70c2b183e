import { performance } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { UsersServicesModule } from '../users/index.js';
import { Channels } from './channels.js';
import { DiscordChannel } from './discord/discord-channel.js';
import { TelegramChannel } from './telegram/telegram-channel.js';
import { WebhookChannel } from './webhooks/webhook-channel.js';
import { WebhookClient } from './webhooks/webhook-client.js';

@Module({
  imports: [UsersServicesModule],
  providers: [
    Channels,
    WebhookChannel,
    WebhookClient,
    {
      provide: TelegramChannel,
      inject: [Config],
      useFactory: (config: Config) => new TelegramChannel(config, () => performance.now()),
    },
    DiscordChannel,
  ],
  exports: [Channels],
})
export class NotificationsServicesModule {}
