import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUMENTED, testDelivery, TOLD_USER } from '../../../../test/support/deliveries.js';
import { testUser } from '../../../../test/support/test-user.js';
import { NOTICE_ACTIONS } from '../../../shared/activity/activity.js';
import type { Delivery } from '../channel.js';
import { telegramText } from './telegram-text.js';

const NOBODYS = testUser({ proxies: { vmess: { id: 'x' } }, dataLimit: 0n });
const LOGIN = { username: '<root>', address: '2001:db8::1' };

describe('a chat of Telegram', () => {
  it.each<[string, Partial<Delivery>, string]>([
    [
      'that a user was made',
      { action: 'user_created' },
      `🆕 <b>#Created</b>
➖➖➖➖➖➖➖➖➖
<b>Username :</b> <code>a_&lt;b&gt;&amp;c</code>
<b>Traffic Limit :</b> <code>5.0 GB</code>
<b>Expire Date :</b> <code>15:08:35 2026-11-23</code>
<b>Proxies :</b> <code>vless, trojan</code>
<b>Data Limit Reset Strategy :</b> <code>month</code>
<b>Has Next Plan :</b> <code>True</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>
<b>By :</b> <b>#r&lt;oot&gt;_</b>`,
    ],
    [
      'that a user without limits and owner was made by nobody',
      { action: 'user_created', user: NOBODYS, by: null },
      `🆕 <b>#Created</b>
➖➖➖➖➖➖➖➖➖
<b>Username :</b> <code>alice</code>
<b>Traffic Limit :</b> <code>Unlimited</code>
<b>Expire Date :</b> <code>Never</code>
<b>Proxies :</b> <code>vmess</code>
<b>Data Limit Reset Strategy :</b> <code>no_reset</code>
<b>Has Next Plan :</b> <code>False</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>None</code>
<b>By :</b> <b>#None</b>`,
    ],
    [
      'that a user was changed',
      { action: 'user_updated' },
      `✏️ <b>#Modified</b>
➖➖➖➖➖➖➖➖➖
<b>Username :</b> <code>a_&lt;b&gt;&amp;c</code>
<b>Traffic Limit :</b> <code>5.0 GB</code>
<b>Expire Date :</b> <code>15:08:35 2026-11-23</code>
<b>Protocols :</b> <code>vless, trojan</code>
<b>Data Limit Reset Strategy :</b> <code>month</code>
<b>Has Next Plan :</b> <code>True</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>
<b>By :</b> <b>#r&lt;oot&gt;_</b>`,
    ],
    [
      'that a user was deleted',
      { action: 'user_deleted' },
      `🗑 <b>#Deleted</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>a_&lt;b&gt;&amp;c</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>
<b>By</b> : <b>#r&lt;oot&gt;_</b>`,
    ],
    [
      'that a user was deleted of whom the name alone is left',
      { action: 'user_deleted', user: null, username: 'bob' },
      `🗑 <b>#Deleted</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>bob</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>None</code>
<b>By</b> : <b>#r&lt;oot&gt;_</b>`,
    ],
    [
      'that a user is active',
      { action: 'user_enabled' },
      `✅ <b>#Activated</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>a_&lt;b&gt;&amp;c</code>
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>`,
    ],
    [
      'that a user is disabled',
      { action: 'user_disabled' },
      `❌ <b>#Disabled</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>a_&lt;b&gt;&amp;c</code>
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>`,
    ],
    [
      'that a user without owner is limited',
      { action: 'user_limited', user: NOBODYS },
      `🪫 <b>#Limited</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>alice</code>
<b>Belongs To :</b> <code>None</code>`,
    ],
    [
      'that a user is expired',
      { action: 'user_expired' },
      `🕔 <b>#Expired</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>a_&lt;b&gt;&amp;c</code>
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>`,
    ],
    [
      'that a usage was reset',
      { action: 'data_usage_reset' },
      `🔁 <b>#Reset</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>a_&lt;b&gt;&amp;c</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>
<b>By</b> : <b>#r&lt;oot&gt;_</b>`,
    ],
    [
      'that a next plan began',
      { action: 'data_reset_by_next', by: null },
      `🔁 <b>#AutoReset</b>
➖➖➖➖➖➖➖➖➖
<b>Username :</b> <code>a_&lt;b&gt;&amp;c</code>
<b>Traffic Limit :</b> <code>5.0 GB</code>
<b>Expire Date :</b> <code>15:08:35 2026-11-23</code>
➖➖➖➖➖➖➖➖➖`,
    ],
    [
      'that a subscription was revoked',
      { action: 'subscription_revoked' },
      `🔁 <b>#Revoked</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>a_&lt;b&gt;&amp;c</code>
➖➖➖➖➖➖➖➖➖
<b>Belongs To :</b> <code>sh&amp;p_&lt;1&gt;</code>
<b>By</b> : <b>#r&lt;oot&gt;_</b>`,
    ],
    [
      'that somebody logged in',
      { action: 'login', user: null, extra: { ...LOGIN, isRight: true } },
      `🔐 <b>#Login</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>&lt;root&gt;</code>
<b>Password</b> : <code>🔒</code>
<b>Client ip </b>: <code>2001:db8::1</code>
➖➖➖➖➖➖➖➖➖
<b>login status </b>: <code>✅ Success</code>`,
    ],
    [
      'that somebody could not log in, without the password',
      { action: 'login', user: null, extra: { ...LOGIN, isRight: false, password: 'hunter2' } },
      `🔐 <b>#Login</b>
➖➖➖➖➖➖➖➖➖
<b>Username</b> : <code>&lt;root&gt;</code>
<b>Password</b> : <code>🔒</code>
<b>Client ip </b>: <code>2001:db8::1</code>
➖➖➖➖➖➖➖➖➖
<b>login status </b>: <code>❌ Failed</code>`,
    ],
    [
      'of a test',
      { action: 'test', user: null, by: null },
      `🔔 <b>#Test</b>
➖➖➖➖➖➖➖➖➖
<b>Reports reach this chat.</b>`,
    ],
  ])('is told %s', (_, facts, expected) => {
    expect(telegramText(testDelivery(facts))).toBe(expected);
  });

  it('is told of everything but reminders', () => {
    const untold = NOTICE_ACTIONS.filter((action) => telegramText(testDelivery({ action })) === undefined);
    expect(untold).toEqual(['reached_usage_percent', 'reached_days_left']);
  });

  it('is told nothing of a made user without the user', () => {
    expect(telegramText(testDelivery({ user: null, username: 'bob' }))).toBeUndefined();
  });

  it('is told no credentials', () => {
    const all = NOTICE_ACTIONS.map((action) => telegramText(testDelivery({ action, user: TOLD_USER })));
    expect(all.join()).not.toContain('secret');
  });

  it('is told the beginning of a long name that was typed', () => {
    const extra = { username: '😀'.repeat(5_000), address: 'x'.repeat(5_000), isRight: false };
    const text = telegramText(testDelivery({ action: 'login', user: null, extra }))!;
    expect(text).toContain(`<code>${'😀'.repeat(128)}…</code>`);
    expect(text).toContain(`<code>${'x'.repeat(128)}…</code>`);
  });

  it('is told what the documentation shows', () => {
    expect(readFileSync('docs/reports.md', 'utf8')).toContain(telegramText(testDelivery(DOCUMENTED)));
  });
});
