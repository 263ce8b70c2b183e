import type { Delivery } from '../channel.js';
import { expiryWords, limitWords, loginWords, nameOf, NO_PASSWORD, yesOrNo } from '../domain/report-words.js';

export type Told = Pick<Delivery, 'action' | 'user' | 'username' | 'by' | 'extra'>;

const RULE = '➖➖➖➖➖➖➖➖➖';

/**
 * What a chat reads, in Telegram's HTML; undefined for what is not told to people. Where the colon stands differs from event
 * to event. Source: Marzban `app/telegram/handlers/report.py`, without the blanks at both ends, which Telegram drops; times
 * are in UTC, and a password is never told.
 */
export function telegramText(told: Told): string | undefined {
  switch (told.action) {
    case 'user_created':
      return whole('🆕 <b>#Created</b>', 'Proxies', told);
    case 'user_updated':
      return whole('✏️ <b>#Modified</b>', 'Protocols', told);
    case 'user_deleted':
      return change('🗑 <b>#Deleted</b>', told);
    case 'user_enabled':
      return status('✅ <b>#Activated</b>', told);
    case 'user_disabled':
      return status('❌ <b>#Disabled</b>', told);
    case 'user_limited':
      return status('🪫 <b>#Limited</b>', told);
    case 'user_expired':
      return status('🕔 <b>#Expired</b>', told);
    case 'data_usage_reset':
      return change('🔁 <b>#Reset</b>', told);
    case 'data_reset_by_next':
      return nextPlan(told);
    case 'subscription_revoked':
      return change('🔁 <b>#Revoked</b>', told);
    case 'login':
      return login(told);
    case 'test':
      return ['🔔 <b>#Test</b>', RULE, '<b>Reports reach this chat.</b>'].join('\n');
    default:
      return undefined;
  }
}

function whole(heading: string, protocols: string, { user, by }: Told): string | undefined {
  if (!user) return undefined;
  return [
    heading,
    RULE,
    field('Username', user.username),
    field('Traffic Limit', limitWords(user.dataLimit)),
    field('Expire Date', expiryWords(user.expireAt)),
    field(protocols, Object.keys(user.proxies).join(', ')),
    field('Data Limit Reset Strategy', user.resetStrategy),
    field('Has Next Plan', yesOrNo(user.nextPlan !== null)),
    RULE,
    field('Belongs To', nameOf(user.owner)),
    `<b>By :</b> <b>#${escaped(nameOf(by))}</b>`,
  ].join('\n');
}

function change(heading: string, { user, username, by }: Told): string {
  return [
    heading,
    RULE,
    outside('Username', username ?? ''),
    RULE,
    field('Belongs To', nameOf(user?.owner)),
    `<b>By</b> : <b>#${escaped(nameOf(by))}</b>`,
  ].join('\n');
}

function status(heading: string, { user, username }: Told): string {
  return [heading, RULE, outside('Username', username ?? ''), field('Belongs To', nameOf(user?.owner))].join(
    '\n',
  );
}

function nextPlan({ user }: Told): string | undefined {
  if (!user) return undefined;
  return [
    '🔁 <b>#AutoReset</b>',
    RULE,
    field('Username', user.username),
    field('Traffic Limit', limitWords(user.dataLimit)),
    field('Expire Date', expiryWords(user.expireAt)),
    RULE,
  ].join('\n');
}

function login({ extra }: Told): string {
  const { username, address, status: result } = loginWords(extra);
  return [
    '🔐 <b>#Login</b>',
    RULE,
    outside('Username', username),
    outside('Password', NO_PASSWORD),
    `<b>Client ip </b>: <code>${escaped(address)}</code>`,
    RULE,
    `<b>login status </b>: <code>${escaped(result)}</code>`,
  ].join('\n');
}

const field = (label: string, value: string) => `<b>${label} :</b> <code>${escaped(value)}</code>`;
const outside = (label: string, value: string) => `<b>${label}</b> : <code>${escaped(value)}</code>`;
const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
