import { createHash } from 'node:crypto';
import type { Config } from '../../config/config.js';
import type { NoticeAction } from './activity.js';

type Settings = Config['notifications'];

/** Whose user it is, as far as being told goes. */
export interface ToldOwner {
  id: number;
  telegramId: bigint | null;
  discordWebhook: string | null;
}

const SWITCHES: Record<NoticeAction, keyof Settings['wanted']> = {
  user_created: 'userCreated',
  user_updated: 'userUpdated',
  user_deleted: 'userDeleted',
  user_limited: 'statusChange',
  user_expired: 'statusChange',
  user_enabled: 'statusChange',
  user_disabled: 'statusChange',
  data_usage_reset: 'userDataReset',
  data_reset_by_next: 'userDataReset',
  subscription_revoked: 'subscriptionRevoked',
  reached_usage_percent: 'usagePercent',
  reached_days_left: 'daysLeft',
  login: 'login',
};

/**
 * Where a notice goes, by the settings and the owner of the user: names of targets as deliveries keep them, which hold
 * no secret. Logins are told to people only, and not to owners; reminders to shops only.
 * Source: Marzban `app/utils/report.py`, except that owners are told without an admin's chat.
 */
export function targetsOf(settings: Settings, action: NoticeAction, owner: ToldOwner | null): string[] {
  const { webhooks, telegram, discord } = settings;
  if (!settings.wanted[SWITCHES[action]]) return [];
  const forPeople = action !== 'reached_usage_percent' && action !== 'reached_days_left';
  const told = action === 'login' ? null : owner;
  const targets = [
    ...(action === 'login' ? [] : webhooks.addresses.map(webhookTarget)),
    ...(forPeople && telegram.token ? telegram.chats.map(telegramTarget) : []),
    ...(forPeople && telegram.token && told?.telegramId ? [telegramTarget(told.telegramId)] : []),
    ...(forPeople && discord.address ? [DISCORD_TARGET] : []),
    ...(forPeople && told?.discordWebhook ? [ownDiscordTarget(told.id)] : []),
  ];
  return [...new Set(targets)];
}

/** By its hash: an address may hold a secret. */
export const webhookTarget = (address: string): string =>
  `webhook:${createHash('sha256').update(address).digest('hex').slice(0, 12)}`;

export const telegramTarget = (chat: string | bigint): string => `telegram:${chat}`;

/** The webhook of the settings. */
export const DISCORD_TARGET = 'discord';

/** The webhook of an admin, whichever it is when the notice is sent. */
export const ownDiscordTarget = (adminId: number): string => `discord:${adminId}`;

/** Whether anybody can be told of anything: without it no facts need be gathered. */
export function tellsAnybody(settings: Settings, owners: readonly (ToldOwner | null)[]): boolean {
  const { webhooks, telegram, discord } = settings;
  return (
    webhooks.addresses.length > 0 ||
    telegram.token !== undefined ||
    discord.address !== undefined ||
    owners.some((owner) => owner !== null && owner.discordWebhook !== null)
  );
}
