import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import http from 'node:http';
import https from 'node:https';
import { Config } from '../../../config/config.js';
import { DISCORD_TARGET } from '../../../shared/activity/targets.js';
import { JSON_BODY, post } from '../../../shared/http/post.js';
import { AdminsService, isDiscordWebhook } from '../../admins/index.js';
import type { Channel, Delivery, Outcome } from '../channel.js';
import { discordEmbed, type Embed } from './discord-embed.js';
import { readReply } from './reply.js';

/** What the targets of admins begin with; their id follows. */
const OWN = `${DISCORD_TARGET}:`;

/** Of all embeds of one message together. Source: Discord's documentation, "Embed Limits". */
const MOST_CHARACTERS = 6000;

/** Channels of Discord, by their webhooks: that of the settings, and those of admins for their own users. */
@Injectable()
export class DiscordChannel implements Channel, OnApplicationShutdown {
  readonly kind = 'discord';
  /** As many as one message holds. */
  readonly most = 10;
  readonly targets: readonly string[];
  private readonly settings: Config['notifications']['discord'];
  private readonly agent: http.Agent;

  constructor(
    { notifications: { discord } }: Config,
    private readonly admins: AdminsService,
  ) {
    this.settings = discord;
    this.targets = discord.address === undefined ? [] : [DISCORD_TARGET];
    const { Agent } = discord.apiUrl.startsWith('https:') ? https : http;
    this.agent = new Agent({ keepAlive: true, maxFreeSockets: 2 });
  }

  /** Without what may be a secret: whoever knows the whole address can write there. */
  async addressOf(target: string): Promise<string | undefined> {
    const address = await this.webhookOf(target);
    return address && `${new URL(address).origin}/api/webhooks/`;
  }

  async send(target: string, batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome> {
    const embeds = embedsOf(batch);
    if (embeds.length === 0) {
      return { result: 'dead', status: null, answer: 'There is no text for it', count: 1 };
    }
    const address = await this.webhookOf(target);
    if (address === undefined)
      return { result: 'dead', status: null, answer: 'There is no webhook any more' };
    if (signal.aborted) return { result: 'later', seconds: 0, status: null, answer: null };
    const outcome = await this.write(address, embeds);
    // It takes all of a message or nothing, and does not say which one it does not like.
    if (outcome.status === 400 && embeds.length > 1) {
      return { ...(await this.write(address, embeds.slice(0, 1))), count: 1 };
    }
    return { ...outcome, count: embeds.length };
  }

  onApplicationShutdown(): void {
    this.agent.destroy();
  }

  /** As it is now: an admin may have another by the time a notice is sent. */
  private async webhookOf(target: string): Promise<string | undefined> {
    if (target === DISCORD_TARGET) return this.settings.address;
    const admin = await this.admins.findById(Number(target.slice(OWN.length)));
    const address = admin?.discordWebhook ?? '';
    return isDiscordWebhook(address) ? address : undefined;
  }

  private async write(address: string, embeds: readonly Embed[]): Promise<Outcome> {
    const { pathname, search } = new URL(address);
    const url = new URL(this.settings.apiUrl + pathname + search);
    const body = JSON.stringify({ content: '', embeds });
    try {
      const reply = await post(url, body, { agent: this.agent, headers: JSON_BODY });
      // What answers may be a relay, and repeat where it was asked.
      const text = reply.text.replaceAll(pathname, '[hidden]');
      return readReply(reply.status, text, reply.headers['retry-after']);
    } catch (error) {
      return { result: 'failed', status: null, answer: (error as Error).message };
    }
  }
}

/** As many of the first as one message holds; one without a text is not among people's, and ends a message. */
function embedsOf(batch: readonly Delivery[]): Embed[] {
  const embeds: Embed[] = [];
  let characters = 0;
  for (const delivery of batch) {
    const embed = discordEmbed(delivery);
    if (embed === undefined) break;
    const { title = '', description, footer } = embed;
    characters += title.length + description.length + (footer?.text.length ?? 0);
    if (embeds.length > 0 && characters > MOST_CHARACTERS) break;
    embeds.push(embed);
  }
  return embeds;
}
