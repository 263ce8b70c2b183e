import { Injectable } from '@nestjs/common';
import type { Channel } from './channel.js';
import { DiscordChannel } from './discord/discord-channel.js';
import { TelegramChannel } from './telegram/telegram-channel.js';
import { WebhookChannel } from './webhooks/webhook-channel.js';

/** Every way to tell others. */
@Injectable()
export class Channels {
  readonly all: readonly Channel[];

  constructor(webhooks: WebhookChannel, telegram: TelegramChannel, discord: DiscordChannel) {
    this.all = [webhooks, telegram, discord];
  }

  /** The channel that reaches a target; undefined for a name that no version knows any more. */
  of(target: string): Channel | undefined {
    return this.all.find(({ kind }) => target === kind || target.startsWith(`${kind}:`));
  }
}
