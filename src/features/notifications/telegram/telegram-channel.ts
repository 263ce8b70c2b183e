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

/** Of one message. Telegram counts what is left of the HTML; this is on the safe side. Source: Bot API, "sendMessage". */
const MOST_CHARACTERS = 4096;
const PARTING = '\n\n';

/** Chats that a bot writes to. */
export class TelegramChannel implements Channel, OnApplicationShutdown {
  readonly kind = 'telegram';
  /** More short reports than one message holds. */
  readonly most = 60;
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

  /** As many of the first as one message holds: a chat bears few messages, and many users expire at the same time. */
  async send(target: string, batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome> {
    const { token } = this.settings;
    if (token === undefined) return { result: 'dead', status: null, answer: 'There is no bot any more' };
    const texts = textsOf(batch);
    if (texts.length === 0)
      return { result: 'dead', status: null, answer: 'There is no text for it', count: 1 };
    if (signal.aborted) return { result: 'later', seconds: 0, status: null, answer: null };
    const chat = chatOf(target);
    const wait = this.pacer.reserve(chat, this.clock());
    if (wait > 0) return { result: 'later', seconds: wait / 1000, status: null, answer: null };
    const outcome = await this.write(token, chat, texts.join(PARTING));
    // It takes all of a message or nothing, and may not like one part of it.
    if (outcome.status === 400 && texts.length > 1) {
      return { ...(await this.write(token, chat, texts[0]!)), count: 1 };
    }
    return { ...outcome, count: texts.length };
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

/** Those of the first notices; one without a text is not among people's, and ends a message. */
function textsOf(batch: readonly Delivery[]): string[] {
  const texts: string[] = [];
  let characters = 0;
  for (const delivery of batch) {
    const text = telegramText(delivery);
    if (text === undefined) break;
    characters += text.length + PARTING.length;
    if (texts.length > 0 && characters - PARTING.length > MOST_CHARACTERS) break;
    texts.push(text);
  }
  return texts;
}

const chatOf = (target: string) => target.slice(telegramTarget('').length);
