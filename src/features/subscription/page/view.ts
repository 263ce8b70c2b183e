import type { User } from '../../users/index.js';
import { writeAgo, writeBytes, writeDay, writeDuration } from './amounts.js';
import { type App, appsFor } from './apps.js';
import { LANGUAGES, type Language } from './language.js';
import { describeLink } from './link-name.js';
import { TEXTS, type Texts } from './texts/index.js';

/** What the page is made from. */
export interface PageSource {
  user: Pick<
    User,
    | 'username'
    | 'status'
    | 'usedTraffic'
    | 'dataLimit'
    | 'resetStrategy'
    | 'expireAt'
    | 'holdSeconds'
    | 'holdUntil'
  >;
  links: readonly string[];
  /** Where the subscription is, in full. */
  subscriptionUrl: string;
  /** How the operator calls the service; empty for no name. */
  profileTitle: string;
  supportUrl: string;
  language: Language;
  now: Date;
}

/** One fact: in a few words, and what is to be added in small. */
export interface Fact {
  label: string;
  headline: string;
  details: string[];
}

/** Everything the page shows, in words. */
export interface PageView {
  language: Language;
  texts: Texts;
  title: string;
  username: string;
  status: { kind: User['status']; text: string; hint: string | undefined };
  /** `usedShare` is of 1; undefined without a limit. */
  traffic: Fact & { usedShare: number | undefined };
  time: Fact;
  subscriptionUrl: string;
  apps: App[];
  links: { name: string; protocol: string; url: string }[];
  supportUrl: string | undefined;
  languages: { language: Language; name: string }[];
}

/** What there is to say to the holder of a subscription link. Links of an account that no server serves are left out. */
export function pageView(source: PageSource): PageView {
  const { user, language } = source;
  const texts = TEXTS[language];
  const title = source.profileTitle || texts.title;
  const isServed = user.status === 'active' || user.status === 'on_hold';
  return {
    language,
    texts,
    title,
    username: user.username,
    status: { kind: user.status, text: texts.status[user.status], hint: texts.hint[user.status] },
    traffic: traffic(user, texts),
    time: time(user, texts, source.now),
    subscriptionUrl: source.subscriptionUrl,
    apps: appsFor(source.subscriptionUrl, source.profileTitle || user.username),
    links: isServed ? source.links.map((url) => ({ ...describeLink(url), url })) : [],
    supportUrl: isAddress(source.supportUrl) ? source.supportUrl : undefined,
    languages: LANGUAGES.map((other) => ({ language: other, name: TEXTS[other].name })),
  };
}

function traffic(
  { usedTraffic, dataLimit, resetStrategy }: PageSource['user'],
  texts: Texts,
): PageView['traffic'] {
  const write = (bytes: bigint) => writeBytes(bytes, texts);
  const reset = resetStrategy === 'no_reset' ? [] : [texts.reset[resetStrategy]];
  const label = texts.traffic;
  if (dataLimit === null) {
    const details = [texts.used(write(usedTraffic)), ...reset];
    return { label, headline: texts.unlimited, details, usedShare: undefined };
  }
  return {
    label,
    headline: texts.left(write(dataLimit - usedTraffic)),
    details: [texts.usedOf(write(usedTraffic), write(dataLimit)), ...reset],
    usedShare: Math.min(1, Number(usedTraffic) / Number(dataLimit)),
  };
}

function time(user: PageSource['user'], texts: Texts, now: Date): Fact {
  const { locale, time: label } = texts;
  const { expireAt, holdSeconds, holdUntil } = user;
  if (user.status === 'on_hold') {
    const details = [
      ...(holdSeconds === null ? [] : [texts.runsFor(writeDuration(holdSeconds, locale))]),
      ...(holdUntil === null ? [] : [texts.startsAtLatest(writeDay(holdUntil, locale))]),
    ];
    return { label, headline: texts.startsOnConnection, details };
  }
  if (expireAt === null) return { label, headline: texts.never, details: [] };
  const secondsLeft = (expireAt.getTime() - now.getTime()) / 1000;
  if (secondsLeft <= 0) {
    const details = [writeDay(expireAt, locale)];
    return { label, headline: texts.ended(writeAgo(-secondsLeft, locale)), details };
  }
  return {
    label,
    headline: texts.timeLeft(writeDuration(secondsLeft, locale)),
    details: [texts.until(writeDay(expireAt, locale))],
  };
}

/** Whether a browser can follow it, and to somewhere: Marzban's default leads nowhere. */
function isAddress(url: string): boolean {
  return /^(https?|tg|mailto):./i.test(url) && url !== 'https://t.me/';
}
