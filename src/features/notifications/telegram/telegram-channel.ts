import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent } from 'node:http';
import type { Config } from '../../../config/config.js';
import { telegramTarget } from '../../../shared/activity/targets.js';
import { JSON_BODY, post } from '../../../shared/http/post.js';
import type { Channel, Delivery, Outcome } from '../channel.js';
import { Pacer } from './pacer.js';
import { readReply } from './reply.js';
import { telegramText } from './telegram-text.js';
import { agentThrough } from './tunnel.js';

/** Chats that a bot writes to. */
export class TelegramChannel implements Channel, OnApplicationShutdown {
  readonly kind = 'telegram';
  readonly most = 1;
  readonly targets: readonly string[];
  private readonly logger = new Logger(TelegramChannel.name);
  private readonly settings: Config['notifications']['telegram'];
  private readonly agent: Agent;
  private readonly pacer = new Pacer();
  /** Said once, until the token is taken again. */
  private isRefused = false;

  /** @param clock milliseconds, and never goes back */
  constructor(
    { notifications: { telegram } }: Config,
    private readonly clock: () => number,
  ) {
    this.settings = telegram;
    this.targets = telegram.token === undefined ? [] : telegram.chats.map(telegramTarget);
    this.agent = agentThrough(telegram.proxyUrl, new URL(telegram.apiUrl).protocol);
  }

  async addressOf(target: string): Promise<string | undefined> {
    return this.settings.token === undefined ? undefined : `chat ${chatOf(target)}`;
  }

  async send(target: string, [delivery]: readonly Delivery[], signal: AbortSignal): Promise<Outcome> {
    const { token } = this.settings;
    if (token === undefined) return { result: 'dead', status: null, answer: 'There is no bot any more' };
    const text = telegramText(delivery!);
    if (text === undefined) return { result: 'dead', status: null, answer: 'There is no text for it' };
    if (signal.aborted) return { result: 'later', seconds: 0, status: null, answer: null };
    const chat = chatOf(target);
    const wait = this.pacer.reserve(chat, this.clock());
    if (wait > 0) return { result: 'later', seconds: wait / 1000, status: null, answer: null };
    return this.write(token, chat, text);
  }

  onApplicationShutdown(): void {
    this.agent.destroy();
  }

  private async write(token: string, chat: string, text: string): Promise<Outcome> {
    const url = new URL(`${this.settings.apiUrl}/bot${token}/sendMessage`);
    const body = JSON.stringify({ chat_id: chat, text, parse_mode: 'HTML' });
    try {
      const { status, text: reply } = await post(url, body, { agent: this.agent, headers: JSON_BODY });
      // What answers may not be Telegram, and repeat where it was asked.
      const { refusesToken = false, ...outcome } = readReply(status, reply.replaceAll(token, '[hidden]'));
      if (outcome.result === 'later') this.pacer.pause(chat, this.clock() + outcome.seconds * 1000);
      this.noteToken(refusesToken, outcome);
      return outcome;
    } catch (error) {
      return { result: 'failed', status: null, answer: (error as Error).message };
    }
  }

  private noteToken(isRefused: boolean, { status, answer }: Outcome): void {
    if (isRefused && !this.isRefused) {
      this.logger.error(
        `Telegram refuses TELEGRAM_API_TOKEN (${status} ${answer}): its chats are told nothing until it is another`,
      );
    }
    if (isRefused || status === 200) this.isRefused = isRefused;
  }
}

const chatOf = (target: string) => target.slice(telegramTarget('').length);
