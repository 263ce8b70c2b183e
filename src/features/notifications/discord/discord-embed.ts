import type { Delivery } from '../channel.js';
import { expiryWords, limitWords, loginWords, nameOf, NO_PASSWORD, yesOrNo } from '../domain/report-words.js';

export type Told = Pick<Delivery, 'action' | 'user' | 'username' | 'by' | 'extra'>;

export interface Embed {
  title?: string;
  description: string;
  footer?: { text: string };
  color: number;
}

const RULE = '----------------------';

/**
 * What a channel reads; undefined for what is not told to people. Source: Marzban `app/discord/handlers/report.py`, except that
 * names show as they are though Discord reads Markdown, sizes and times are readable, blanks that Discord drops are not sent,
 * and a password is never told.
 */
export function discordEmbed(told: Told): Embed | undefined {
  switch (told.action) {
    case 'user_created':
      return whole(':new: Created', 0x00ff00, told);
    case 'user_updated':
      return whole(':pencil2: Modified', 0x00ffff, told);
    case 'user_deleted':
      return change(':wastebasket: Deleted', 0xff0000, `**Username: **${usernameOf(told)}`, told);
    case 'user_enabled':
      return status('**:white_check_mark: Activated**', 0x9ae6b4, told);
    case 'user_disabled':
      return status('**:x: Disabled**', 0x424b59, told);
    case 'user_limited':
      return status('**:low_battery: #Limited**', 0xf8a7a8, told);
    case 'user_expired':
      return status('**:clock5: #Expired**', 0xfbd38d, told);
    case 'data_usage_reset':
      return change(':repeat: Reset', 0x00ffff, `**Username:** ${usernameOf(told)}`, told);
    case 'data_reset_by_next':
      return nextPlan(told);
    case 'subscription_revoked':
      return change(':repeat: Revoked', 0xff0000, `**Username:** ${usernameOf(told)}`, told);
    case 'login':
      return login(told);
    case 'test':
      return { title: ':bell: Test', description: '**Reports reach this channel.**', color: 0x00ffff };
    default:
      return undefined;
  }
}

function whole(title: string, color: number, { user, by }: Told): Embed | undefined {
  if (!user) return undefined;
  const description = [
    `**Username:** ${escaped(user.username)}`,
    `**Traffic Limit:** ${limitWords(user.dataLimit)}`,
    `**Expire Date:** ${expiryWords(user.expireAt)}`,
    `**Proxies:** ${Object.keys(user.proxies).join(', ')}`,
    `**Data Limit Reset Strategy:**${escaped(user.resetStrategy)}`,
    `**Has Next Plan:**${yesOrNo(user.nextPlan !== null)}`,
  ].join('\n');
  return { title, description, footer: { text: doneBy(user.owner, by) }, color };
}

function change(title: string, color: number, description: string, { user, by }: Told): Embed {
  return { title, description, footer: { text: doneBy(user?.owner, by) }, color };
}

function status(heading: string, color: number, told: Told): Embed {
  const description = [heading, RULE, `**Username:** ${usernameOf(told)}`].join('\n');
  return { description, footer: { text: belongsTo(told.user?.owner) }, color };
}

function nextPlan({ user }: Told): Embed | undefined {
  if (!user) return undefined;
  const description = [
    `**Username:** ${escaped(user.username)}`,
    `**Traffic Limit:** ${limitWords(user.dataLimit)}`,
    `**Expire Date:** ${expiryWords(user.expireAt)}`,
  ].join('\n');
  return {
    title: ':repeat: AutoReset',
    description,
    footer: { text: belongsTo(user.owner) },
    color: 0x00ffff,
  };
}

function login({ extra }: Told): Embed {
  const { username, address, status: result } = loginWords(extra);
  const description = [
    `**Username:** ${escaped(username)}`,
    `**Password:** ${NO_PASSWORD}`,
    `**Client ip**: ${escaped(address)}`,
  ].join('\n');
  return {
    title: ':repeat: Login',
    description,
    footer: { text: `login status: ${result}` },
    color: 0xff0000,
  };
}

type Named = { username: string } | null | undefined;

const belongsTo = (owner: Named) => `Belongs To: ${nameOf(owner)}`;
const doneBy = (owner: Named, by: Named) => `${belongsTo(owner)}\nBy: ${nameOf(by)}`;
const usernameOf = ({ username }: Told) => escaped(username ?? '');

/** Markdown, mentions and links; footers know none of them. */
const escaped = (text: string) => text.replace(/[\\*_~`|[\]()<>#:]/g, '\\$&');
