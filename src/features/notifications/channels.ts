import { Injectable } from '@nestjs/common';
import type { Channel } from './channel.js';
import { WebhookChannel } from './webhooks/webhook-channel.js';

/** Every way to tell others. */
@Injectable()
export class Channels {
  readonly all: readonly Channel[];

  constructor(webhooks: WebhookChannel) {
    this.all = [webhooks];
  }

  /** The channel that reaches a target; undefined for a name that no version knows any more. */
  of(target: string): Channel | undefined {
    return this.all.find(({ kind }) => target === kind || target.startsWith(`${kind}:`));
  }
}
