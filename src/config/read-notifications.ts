import { hasProtocol } from './addresses.js';
import type { Config } from './config.js';
import { NOTIFICATIONS } from './settings/notifications.js';
import type { SettingsReader } from './settings-reader.js';

type Notifications = Config['notifications'];

const PROXIES = ['http', 'https', 'socks5', 'socks5h', 'socks4', 'socks4a'];

/** Anything else would be told of every user. Old webhooks have the name of before. */
const DISCORD_WEBHOOK = /^https:\/\/((ptb|canary)\.)?discord(app)?\.com\/api\/webhooks\/./;

/** Names and rules are Marzban's where it has them; a chat may also be a group, whose id is negative. */
export function readNotifications(read: SettingsReader, remarks: string[]): Notifications {
  const usagePercents = numbers(read, 'NOTIFY_REACHED_USAGE_PERCENT', 1, 1000);
  const daysLeft = numbers(read, 'NOTIFY_DAYS_LEFT', 0, 3650);
  return {
    wanted: {
      userCreated: read.boolean('NOTIFY_USER_CREATED'),
      userUpdated: read.boolean('NOTIFY_USER_UPDATED'),
      userDeleted: read.boolean('NOTIFY_USER_DELETED'),
      statusChange: read.boolean('NOTIFY_STATUS_CHANGE'),
      userDataReset: read.boolean('NOTIFY_USER_DATA_USED_RESET'),
      subscriptionRevoked: read.boolean('NOTIFY_USER_SUB_REVOKED'),
      usagePercent: read.boolean('NOTIFY_IF_DATA_USAGE_PERCENT_REACHED'),
      daysLeft: read.boolean('NOTIFY_IF_DAYS_LEFT_REACHED'),
      login: read.boolean('NOTIFY_LOGIN'),
    },
    webhooks: webhooks(read, remarks),
    telegram: telegram(read, remarks),
    discord: discord(read),
    sendSeconds: read.integer('JOB_SEND_NOTIFICATIONS_INTERVAL'),
    retrySeconds: read.integer('RECURRENT_NOTIFICATIONS_TIMEOUT'),
    retries: read.integer('NUMBER_OF_RECURRENT_NOTIFICATIONS'),
    usagePercents,
    daysLeft,
    knownLoginAddresses: read.list('LOGIN_NOTIFY_WHITE_LIST'),
    keepDeliveredDays: read.integer('NOTIFICATIONS_KEEP_DELIVERED_DAYS'),
    keepDeadDays: read.integer('NOTIFICATIONS_KEEP_DEAD_DAYS'),
  };
}

function webhooks(read: SettingsReader, remarks: string[]): Notifications['webhooks'] {
  const isAddress = (text: string) => hasProtocol(text, 'http', 'https');
  const addresses = read.list('WEBHOOK_ADDRESS', isAddress, 'addresses (https://shop.example.com/hook)');
  const secret = read.secret('WEBHOOK_SECRET');
  if (secret !== undefined && !/^[\x20-\x7e]+$/.test(secret)) {
    read.problem('WEBHOOK_SECRET', 'may hold printable ASCII only: it is sent as a header');
  }
  if (secret !== undefined && addresses.length === 0) {
    remarks.push('WEBHOOK_SECRET has no effect without WEBHOOK_ADDRESS');
  }
  return {
    addresses: [...new Set(addresses)],
    secret,
    allowPrivate: read.boolean('WEBHOOK_ALLOW_PRIVATE'),
  };
}

function telegram(read: SettingsReader, remarks: string[]): Notifications['telegram'] {
  const token = read.secret('TELEGRAM_API_TOKEN');
  if (token !== undefined && !/^\d+:[\w-]+$/.test(token)) {
    read.problem('TELEGRAM_API_TOKEN', 'must look like 123456:ABC-def, as BotFather gives it');
  }
  const isChat = (text: string) => /^-?\d{1,18}$/.test(text);
  const admins = read.list('TELEGRAM_ADMIN_ID', isChat, 'ids of chats (whole numbers)');
  const channel = read.text('TELEGRAM_LOGGER_CHANNEL_ID').trim();
  if (channel !== '' && !isChat(channel)) {
    read.problem('TELEGRAM_LOGGER_CHANNEL_ID', `must be the id of a chat, not ${JSON.stringify(channel)}`);
  }
  const proxyUrl = read.secret('TELEGRAM_PROXY_URL');
  if (proxyUrl !== undefined && !hasProtocol(proxyUrl, ...PROXIES)) {
    read.problem('TELEGRAM_PROXY_URL', 'must look like socks5://host:1080 or http://host:8080');
  }
  const chats = Number(channel) === 0 ? admins : [channel];
  if (token === undefined && chats.length > 0) {
    remarks.push(
      'TELEGRAM_ADMIN_ID and TELEGRAM_LOGGER_CHANNEL_ID have no effect without TELEGRAM_API_TOKEN',
    );
  }
  const apiUrl = baseUrl(read, 'TELEGRAM_API_URL');
  return { token, chats: [...new Set(chats)], proxyUrl, apiUrl };
}

function discord(read: SettingsReader): Notifications['discord'] {
  const address = read.secret('DISCORD_WEBHOOK_URL');
  if (address !== undefined && !DISCORD_WEBHOOK.test(address)) {
    read.problem('DISCORD_WEBHOOK_URL', 'must begin with https://discord.com/api/webhooks/');
  }
  return { address, apiUrl: baseUrl(read, 'DISCORD_API_URL') };
}

function baseUrl(read: SettingsReader, name: 'TELEGRAM_API_URL' | 'DISCORD_API_URL'): string {
  const { byDefault } = NOTIFICATIONS[name];
  const url = read.text(name).trim() || byDefault;
  if (!hasProtocol(url, 'http', 'https') || /[?#]/.test(url)) {
    read.problem(name, `must look like ${byDefault}`);
  }
  return url.replace(/\/+$/, '');
}

function numbers(
  read: SettingsReader,
  name: 'NOTIFY_REACHED_USAGE_PERCENT' | 'NOTIFY_DAYS_LEFT',
  min: number,
  max: number,
): number[] {
  const isNumber = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= min && Number(text) <= max;
  const texts = read.list(name, isNumber, `whole numbers from ${min} to ${max}`);
  return [...new Set(texts.map(Number))].sort((a, b) => a - b);
}
