import { ENDLESS, isoDay, jalaliDay, readableDuration } from './dates.js';
import { readableSize } from './size.js';
import type { Subscriber, SubscriberStatus, Surroundings } from './types.js';

const DAY = 86_400;

const STATUS_EMOJI: Record<SubscriberStatus, string> = {
  active: '✅',
  expired: '⌛️',
  limited: '🪫',
  disabled: '❌',
  on_hold: '🔌',
};

/** What a variable of a user is made from. */
export interface VariableSource {
  user: Subscriber;
  now: Date;
  surroundings: Surroundings;
}

/**
 * The variables of remarks, addresses and paths that depend on the user. A user on hold shows the time it will
 * have; its dates are not known yet. All dates are UTC. Source: Marzban `app/subscription/share.py`.
 */
export const USER_VARIABLES = {
  USERNAME: ({ user }) => user.username,
  DATA_USAGE: ({ user }) => readableSize(user.usedTraffic),
  DATA_LIMIT: ({ user }) => (user.dataLimit ? readableSize(user.dataLimit) : ENDLESS),
  DATA_LEFT: ({ user }) => (user.dataLimit ? readableSize(user.dataLimit - user.usedTraffic) : ENDLESS),
  DAYS_LEFT: (source) =>
    timeLeft(source, {
      held: (seconds) => String(Math.floor(seconds / DAY)),
      // Rounded down, plus one: the day that has begun counts.
      running: (ms) => String(Math.floor(ms / 1000 / DAY) + 1),
    }),
  TIME_LEFT: (source) =>
    timeLeft(source, {
      held: readableDuration,
      running: (_, expireAt) => readableDuration(Math.max(1, seconds(expireAt) - seconds(source.now))),
    }),
  EXPIRE_DATE: ({ user }) => expiryDay(user, isoDay),
  JALALI_EXPIRE_DATE: ({ user }) => expiryDay(user, jalaliDay),
  STATUS_EMOJI: ({ user }) => STATUS_EMOJI[user.status],
  STATUS_TEXT: ({ user, surroundings }) => surroundings.statusText[user.status],
} satisfies Record<string, (source: VariableSource) => string>;

export type UserVariable = keyof typeof USER_VARIABLES;

export function isUserVariable(name: string): name is UserVariable {
  return Object.hasOwn(USER_VARIABLES, name);
}

function timeLeft(
  { user, now }: VariableSource,
  write: { held: (seconds: number) => string; running: (ms: number, expireAt: Date) => string },
): string {
  if (user.status === 'on_hold') return user.holdSeconds === null ? ENDLESS : write.held(user.holdSeconds);
  if (user.expireAt === null) return ENDLESS;
  const ms = user.expireAt.getTime() - now.getTime();
  return ms > 0 ? write.running(ms, user.expireAt) : '0';
}

function expiryDay(user: Subscriber, write: (at: Date) => string): string {
  if (user.status === 'on_hold') return user.holdSeconds === null ? ENDLESS : '-';
  return user.expireAt === null ? ENDLESS : write(user.expireAt);
}

function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
