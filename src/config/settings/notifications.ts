import type { Settings } from './setting.js';

const WANTED = { kind: 'boolean', byDefault: 'true' } as const;

export const NOTIFICATIONS = {
  WEBHOOK_ADDRESS: {
    kind: 'list',
    secret: true,
    example: 'https://shop.example.com/hook',
    text: `Where changes of users are sent, and what proves that they come from here. Names that lead to private addresses
      are refused unless allowed; an address that is written as one is always used.`,
  },
  WEBHOOK_SECRET: { kind: 'text', secret: true },
  WEBHOOK_ALLOW_PRIVATE: { kind: 'boolean', byDefault: 'false' },
  RECURRENT_NOTIFICATIONS_TIMEOUT: {
    kind: 'integer',
    byDefault: '180',
    from: 1,
    to: 86_400,
    text: 'Seconds until an attempt that failed is repeated, and how often it is.',
  },
  NUMBER_OF_RECURRENT_NOTIFICATIONS: { kind: 'integer', byDefault: '3', from: 0, to: 100 },
  JOB_SEND_NOTIFICATIONS_INTERVAL: {
    kind: 'integer',
    byDefault: '30',
    from: 1,
    to: 3600,
    text: 'Notifications are sent at once; this is how many seconds pass until their sender looks by itself.',
  },
  NOTIFY_USER_CREATED: { ...WANTED, text: 'What is told.' },
  NOTIFY_USER_UPDATED: WANTED,
  NOTIFY_USER_DELETED: WANTED,
  NOTIFY_STATUS_CHANGE: WANTED,
  NOTIFY_USER_DATA_USED_RESET: WANTED,
  NOTIFY_USER_SUB_REVOKED: WANTED,
  NOTIFY_LOGIN: WANTED,
  NOTIFY_IF_DATA_USAGE_PERCENT_REACHED: {
    ...WANTED,
    text: 'Reminders, by webhooks only: percent of the limit that is used, whole days that are left.',
  },
  NOTIFY_REACHED_USAGE_PERCENT: { kind: 'list', byDefault: '80' },
  NOTIFY_IF_DAYS_LEFT_REACHED: WANTED,
  NOTIFY_DAYS_LEFT: { kind: 'list', byDefault: '3' },
  LOGIN_NOTIFY_WHITE_LIST: { kind: 'list', text: 'Addresses whose successful logins are no news.' },
  TELEGRAM_API_TOKEN: {
    kind: 'text',
    secret: true,
    text: `A bot of Telegram, the chats it tells (negative ids are groups), or one channel in their place, and a proxy on
      the way to it (http, https, socks4, socks5). Owners with a telegram_id are told of their own users.`,
  },
  TELEGRAM_ADMIN_ID: { kind: 'list' },
  TELEGRAM_LOGGER_CHANNEL_ID: { kind: 'text', byDefault: '0' },
  TELEGRAM_PROXY_URL: { kind: 'text', secret: true, example: 'socks5://127.0.0.1:1080' },
  TELEGRAM_API_URL: {
    kind: 'text',
    byDefault: 'https://api.telegram.org',
    text: "A Bot API server of one's own.",
  },
  DISCORD_WEBHOOK_URL: {
    kind: 'text',
    secret: true,
    text: `A webhook that is told of everything; owners with a discord_webhook are told of their own users. A relay gets
      what would go to discord.com, where that cannot be reached.`,
  },
  DISCORD_API_URL: { kind: 'text', byDefault: 'https://discord.com' },
  NOTIFICATIONS_KEEP_DELIVERED_DAYS: {
    kind: 'integer',
    byDefault: '7',
    from: 0,
    to: 3650,
    text: 'For how many days deliveries are kept.',
  },
  NOTIFICATIONS_KEEP_DEAD_DAYS: { kind: 'integer', byDefault: '30', from: 0, to: 3650 },
} as const satisfies Settings;
