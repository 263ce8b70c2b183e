import { describe, expect, it } from 'vitest';
import { TELLS_NOBODY } from '../../../test/support/tells-nobody.js';
import type { Config } from '../../config/config.js';
import { NOTICE_ACTIONS, type NoticeAction } from './activity.js';
import { targetsOf, tellsAnybody, webhookTarget } from './targets.js';

type Settings = Config['notifications'];

const settings = (part: Partial<Settings> = {}): Settings => ({
  ...TELLS_NOBODY,
  webhooks: { addresses: ['https://a.example/x'], secret: undefined, allowPrivate: false },
  telegram: { token: '1:a', chats: ['5', '-6'], proxyUrl: undefined, apiUrl: 'https://t.example' },
  discord: { address: 'https://discord.com/api/webhooks/1/x', apiUrl: 'https://d.example' },
  ...part,
});

const SHOP = webhookTarget('https://a.example/x');
const OWNER = { id: 7, telegramId: 5n, discordWebhook: 'https://discord.com/api/webhooks/2/y' };

describe('a notice goes', () => {
  it.each<[string, NoticeAction, Settings, typeof OWNER | null, string[]]>([
    [
      'everywhere, once to a chat that is an owner’s too',
      'user_created',
      settings(),
      OWNER,
      [SHOP, 'telegram:5', 'telegram:-6', 'discord', 'discord:7'],
    ],
    ['to shops only when it reminds', 'reached_days_left', settings(), OWNER, [SHOP]],
    [
      'to people only when it is a login',
      'login',
      settings(),
      OWNER,
      ['telegram:5', 'telegram:-6', 'discord'],
    ],
    [
      'to the owner though no admin has a chat',
      'user_limited',
      settings({
        webhooks: { addresses: [], secret: undefined, allowPrivate: false },
        telegram: { token: '1:a', chats: [], proxyUrl: undefined, apiUrl: 'https://t.example' },
        discord: { address: undefined, apiUrl: 'https://d.example' },
      }),
      OWNER,
      ['telegram:5', 'discord:7'],
    ],
    [
      'nowhere without a bot and webhooks',
      'user_limited',
      settings({
        webhooks: { addresses: [], secret: undefined, allowPrivate: false },
        telegram: { token: undefined, chats: ['5'], proxyUrl: undefined, apiUrl: 'https://t.example' },
        discord: { address: undefined, apiUrl: 'https://d.example' },
      }),
      null,
      [],
    ],
    [
      'nowhere when nobody wants it',
      'user_enabled',
      settings({ wanted: { ...TELLS_NOBODY.wanted, statusChange: false } }),
      OWNER,
      [],
    ],
  ])('%s', (_, action, given, owner, expected) => {
    expect(targetsOf(given, action, owner)).toEqual(expected);
  });

  it('nowhere at all when every switch is off', () => {
    const off = Object.fromEntries(Object.keys(TELLS_NOBODY.wanted).map((name) => [name, false]));
    const silent = settings({ wanted: off as Settings['wanted'] });
    expect(NOTICE_ACTIONS.flatMap((action) => targetsOf(silent, action, OWNER))).toEqual([]);
  });
});

describe('whether anybody can be told', () => {
  const nobody = settings({
    webhooks: { addresses: [], secret: undefined, allowPrivate: false },
    telegram: { token: undefined, chats: [], proxyUrl: undefined, apiUrl: 'https://t.example' },
    discord: { address: undefined, apiUrl: 'https://d.example' },
  });

  it('rests on the settings, or an owner’s webhook', () => {
    expect(tellsAnybody(settings(), [])).toBe(true);
    expect(tellsAnybody(nobody, [null, { ...OWNER, discordWebhook: null }])).toBe(false);
    expect(tellsAnybody(nobody, [null, OWNER])).toBe(true);
  });
});
