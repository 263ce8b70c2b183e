import type { User } from '../../../users/index.js';

/** Everything the page says in one language. Amounts, times and dates come written in that language already. */
export interface Texts {
  /** The language's own name. */
  name: string;
  /** For numbers and dates. */
  locale: string;
  /** `GB`, or the unit's name where Latin letters would disturb. */
  byteUnits: 'short' | 'long';
  direction: 'ltr' | 'rtl';
  /** Where the operator named the service no other way. */
  title: string;
  status: Record<User['status'], string>;
  /** What an account that is no use says beneath. */
  hint: Partial<Record<User['status'], string>>;
  traffic: string;
  left(amount: string): string;
  usedOf(used: string, limit: string): string;
  used(amount: string): string;
  unlimited: string;
  reset: Record<Exclude<User['resetStrategy'], 'no_reset'>, string>;
  time: string;
  timeLeft(duration: string): string;
  /** `ago` is relative to now: “3 days ago”. */
  ended(ago: string): string;
  until(date: string): string;
  never: string;
  /** Of an account on hold. */
  startsOnConnection: string;
  startsAtLatest(date: string): string;
  runsFor(duration: string): string;
  subscription: string;
  scan: string;
  copy: string;
  copied: string;
  apps: string;
  appsHint: string;
  links: string;
  qrCode(of: string): string;
  support: string;
  languages: string;
}
