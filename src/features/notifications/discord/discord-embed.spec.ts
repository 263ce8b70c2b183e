import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUMENTED, TOLD_BY, testDelivery, TOLD_USER } from '../../../../test/support/deliveries.js';
import { testUser } from '../../../../test/support/test-user.js';
import { NOTICE_ACTIONS } from '../../../shared/activity/activity.js';
import type { Delivery } from '../channel.js';
import { discordEmbed, type Embed } from './discord-embed.js';

const NOBODYS = testUser({ proxies: { vmess: { id: 'x' } }, dataLimit: 0n });
const LOGIN = { username: '[root](https://x)', address: '192.0.2.1' };
const NAME = 'a\\_\\<b\\>&c';
const OWNER = 'Belongs To: sh&p_<1>';
const BOTH = `${OWNER}\nBy: r<oot>_`;

describe('a channel of Discord', () => {
  it.each<[string, Partial<Delivery>, Embed]>([
    [
      'that a user was made',
      { action: 'user_created' },
      {
        title: ':new: Created',
        description: `**Username:** ${NAME}
**Traffic Limit:** 5.0 GB
**Expire Date:** 15:08:35 2026-11-23
**Proxies:** vless, trojan
**Data Limit Reset Strategy:**month
**Has Next Plan:**True`,
        footer: { text: BOTH },
        color: 0x00ff00,
      },
    ],
    [
      'that a user without limits and owner was made by nobody',
      { action: 'user_created', user: NOBODYS, by: null },
      {
        title: ':new: Created',
        description: `**Username:** alice
**Traffic Limit:** Unlimited
**Expire Date:** Never
**Proxies:** vmess
**Data Limit Reset Strategy:**no\\_reset
**Has Next Plan:**False`,
        footer: { text: 'Belongs To: None\nBy: None' },
        color: 0x00ff00,
      },
    ],
    [
      'that a user was changed',
      { action: 'user_updated' },
      {
        title: ':pencil2: Modified',
        description: `**Username:** ${NAME}
**Traffic Limit:** 5.0 GB
**Expire Date:** 15:08:35 2026-11-23
**Proxies:** vless, trojan
**Data Limit Reset Strategy:**month
**Has Next Plan:**True`,
        footer: { text: BOTH },
        color: 0x00ffff,
      },
    ],
    [
      'that a user was deleted',
      { action: 'user_deleted' },
      {
        title: ':wastebasket: Deleted',
        description: `**Username: **${NAME}`,
        footer: { text: BOTH },
        color: 0xff0000,
      },
    ],
    [
      'that a user was deleted of whom the name alone is left',
      { action: 'user_deleted', user: null, username: 'bob' },
      {
        title: ':wastebasket: Deleted',
        description: '**Username: **bob',
        footer: { text: 'Belongs To: None\nBy: r<oot>_' },
        color: 0xff0000,
      },
    ],
    [
      'that a user is active',
      { action: 'user_enabled' },
      {
        description: `**:white_check_mark: Activated**\n----------------------\n**Username:** ${NAME}`,
        footer: { text: OWNER },
        color: 0x9ae6b4,
      },
    ],
    [
      'that a user is disabled',
      { action: 'user_disabled' },
      {
        description: `**:x: Disabled**\n----------------------\n**Username:** ${NAME}`,
        footer: { text: OWNER },
        color: 0x424b59,
      },
    ],
    [
      'that a user without owner is limited',
      { action: 'user_limited', user: NOBODYS },
      {
        description: `**:low_battery: #Limited**\n----------------------\n**Username:** alice`,
        footer: { text: 'Belongs To: None' },
        color: 0xf8a7a8,
      },
    ],
    [
      'that a user is expired',
      { action: 'user_expired' },
      {
        description: `**:clock5: #Expired**\n----------------------\n**Username:** ${NAME}`,
        footer: { text: OWNER },
        color: 0xfbd38d,
      },
    ],
    [
      'that a usage was reset',
      { action: 'data_usage_reset' },
      {
        title: ':repeat: Reset',
        description: `**Username:** ${NAME}`,
        footer: { text: BOTH },
        color: 0x00ffff,
      },
    ],
    [
      'that a next plan began',
      { action: 'data_reset_by_next', by: null },
      {
        title: ':repeat: AutoReset',
        description: `**Username:** ${NAME}
**Traffic Limit:** 5.0 GB
**Expire Date:** 15:08:35 2026-11-23`,
        footer: { text: OWNER },
        color: 0x00ffff,
      },
    ],
    [
      'that a subscription was revoked',
      { action: 'subscription_revoked' },
      {
        title: ':repeat: Revoked',
        description: `**Username:** ${NAME}`,
        footer: { text: BOTH },
        color: 0xff0000,
      },
    ],
    [
      'that somebody logged in',
      { action: 'login', user: null, extra: { ...LOGIN, isRight: true } },
      {
        title: ':repeat: Login',
        description: `**Username:** \\[root\\]\\(https\\://x\\)
**Password:** 🔒
**Client ip**: 192.0.2.1`,
        footer: { text: 'login status: ✅ Success' },
        color: 0xff0000,
      },
    ],
    [
      'that somebody could not log in, without the password',
      { action: 'login', user: null, extra: { ...LOGIN, isRight: false, password: 'hunter2' } },
      {
        title: ':repeat: Login',
        description: `**Username:** \\[root\\]\\(https\\://x\\)
**Password:** 🔒
**Client ip**: 192.0.2.1`,
        footer: { text: 'login status: ❌ Failed' },
        color: 0xff0000,
      },
    ],
    [
      'of a test',
      { action: 'test', user: null, by: null },
      { title: ':bell: Test', description: '**Reports reach this channel.**', color: 0x00ffff },
    ],
  ])('is told %s', (_, facts, expected) => {
    expect(discordEmbed(testDelivery(facts))).toEqual(expected);
  });

  it('is told of everything but reminders', () => {
    const untold = NOTICE_ACTIONS.filter((action) => discordEmbed(testDelivery({ action })) === undefined);
    expect(untold).toEqual(['reached_usage_percent', 'reached_days_left']);
  });

  it('is told no credentials', () => {
    const all = NOTICE_ACTIONS.map((action) => discordEmbed(testDelivery({ action, user: TOLD_USER })));
    expect(JSON.stringify(all)).not.toContain('secret');
  });

  it('is told so little at a time that ten of it make one message', () => {
    const long = '_'.repeat(128);
    const owner = { ...TOLD_USER.owner!, username: '_'.repeat(34) };
    const proxies = { vless: {}, vmess: {}, trojan: {}, shadowsocks: {} } as never;
    const user = { ...TOLD_USER, username: long, owner, proxies, dataLimit: 2n ** 63n - 1n };
    const extra = { username: long.repeat(9), address: long.repeat(9), isRight: true };
    const by = { ...TOLD_BY, username: owner.username };
    for (const action of NOTICE_ACTIONS) {
      const embed = discordEmbed(testDelivery({ action, user, by, extra }));
      const { title = '', description = '', footer } = embed ?? {};
      expect((title + description + (footer?.text ?? '')).length).toBeLessThanOrEqual(600);
    }
  });

  it('is told what the documentation shows', () => {
    const embed = JSON.stringify(discordEmbed(testDelivery(DOCUMENTED)));
    expect(readFileSync('docs/reports.md', 'utf8')).toContain(embed);
  });
});
