import { isDeepStrictEqual } from 'node:util';
import type { NoticeAction } from '../../../shared/activity/activity.js';
import { changesOf } from '../../../shared/domain/changes.js';
import type { Proxies } from '../../../xray/config/types.js';
import { protocolsOf } from './proxies.js';
import type { User } from './user.js';

/** As much of a user as is known of it: what is left out is not noted. */
export type UserFacts = Pick<User, 'id' | 'username'> & Partial<User>;

type StatusFacts = Pick<User, 'id' | 'username' | 'status'>;

/** Something that happened to a user. Of those that others are told of, the user must be known as a whole. */
export type UserEvent =
  | { kind: 'created'; after: User }
  | { kind: 'deleted'; before: User }
  /** By hand, one user: `status` is what time and traffic made of it, `next_plan` either. */
  | { kind: 'modified' | 'reset' | 'next_plan' | 'revoked' | 'status'; before: User; after: User }
  /** Nobody is told of these. */
  | { kind: 'owner' | 'disabled' | 'activated' | 'reset_with_others'; before: UserFacts; after: UserFacts }
  /** A status among those of many: others are told of the user as the database has it. */
  | { kind: 'moved'; before: StatusFacts; after: StatusFacts }
  | { kind: 'usage_percent' | 'days_left'; user: User; value: number };

/** What others are told of an event, and of which user: as it is afterwards, or was when it is gone. */
export interface UserNews {
  action: NoticeAction;
  user: User;
  extra?: object;
}

/** An event as it is noted. */
export interface UserRecord {
  action: string;
  before: object | null;
  after: object | null;
}

const STATUS_ACTIONS: Record<User['status'], NoticeAction | null> = {
  active: 'user_enabled',
  disabled: 'user_disabled',
  limited: 'user_limited',
  expired: 'user_expired',
  on_hold: null,
};

/**
 * What others are told of an event, in order.
 * Source: Marzban `app/utils/report.py` and its callers. There a reset, a next plan and a new link leave it to the next
 * review to find that a user's limit or time is over; here they find it themselves, so they tell of it as well.
 */
export function newsOf(event: UserEvent): UserNews[] {
  switch (event.kind) {
    case 'created':
      return [{ action: 'user_created', user: event.after }];
    case 'modified':
      return [{ action: 'user_updated', user: event.after }, ...statusNews(event)];
    case 'deleted':
      return [{ action: 'user_deleted', user: event.before }];
    case 'status':
      return statusNews(event);
    case 'reset':
      return [{ action: 'data_usage_reset', user: event.after }, ...endNews(event)];
    case 'next_plan':
      return [{ action: 'data_reset_by_next', user: event.after }, ...endNews(event)];
    case 'revoked':
      return [{ action: 'subscription_revoked', user: event.after }, ...endNews(event)];
    case 'usage_percent':
      return [{ action: 'reached_usage_percent', user: event.user, extra: { used_percent: event.value } }];
    case 'days_left':
      return [{ action: 'reached_days_left', user: event.user, extra: { days_left: event.value } }];
    default:
      return [];
  }
}

/** What others are told of a user that moved with many. */
export function moveNewsOf(event: UserEvent): { action: NoticeAction; userId: number }[] {
  if (event.kind !== 'moved') return [];
  const action = STATUS_ACTIONS[event.after.status];
  return action === null || event.before.status === event.after.status
    ? []
    : [{ action, userId: event.after.id }];
}

interface Change {
  before: User;
  after: User;
}

function statusNews({ before, after }: Change): UserNews[] {
  const action = STATUS_ACTIONS[after.status];
  if (before.status === after.status || action === null) return [];
  return [{ action, user: after, ...(action === 'user_disabled' && { extra: { reason: null } }) }];
}

/** Only that the limit or the time is over. */
const endNews = (change: Change): UserNews[] =>
  change.after.status === 'limited' || change.after.status === 'expired' ? statusNews(change) : [];

/** What is kept of an event: the action, and the fields that changed, without credentials. */
export function recordOf(event: UserEvent): UserRecord {
  switch (event.kind) {
    case 'created':
      return creationOf(event.after);
    case 'deleted':
      return { action: 'user_deleted', before: factsOf(event.before), after: null };
    case 'usage_percent':
      return { action: 'reached_usage_percent', before: null, after: { usedPercent: event.value } };
    case 'days_left':
      return { action: 'reached_days_left', before: null, after: { daysLeft: event.value } };
    case 'status':
    case 'moved':
      return {
        action: STATUS_ACTIONS[event.after.status] ?? 'user_updated',
        ...changeOf(event.before, event.after),
      };
    default:
      return { action: CHANGE_ACTIONS[event.kind], ...changeOf(event.before, event.after) };
  }
}

/** The same of a user that has no id yet. */
export function creationOf(user: Omit<User, 'id'>): UserRecord {
  return { action: 'user_created', before: null, after: factsOf(user) };
}

const CHANGE_ACTIONS = {
  modified: 'user_updated',
  reset: 'data_usage_reset',
  reset_with_others: 'data_usage_reset',
  next_plan: 'data_reset_by_next',
  revoked: 'subscription_revoked',
  owner: 'user_owner_changed',
  disabled: 'user_disabled',
  activated: 'user_enabled',
};

/** The facts that are known of both and differ. Of credentials there is only that they changed. */
function changeOf(before: UserFacts, after: UserFacts): Pick<UserRecord, 'before' | 'after'> {
  const changes = changesOf(factsOf(before), factsOf(after));
  const isRenewed = before.proxies && after.proxies && hasOtherCredentials(before.proxies, after.proxies);
  return { ...changes, after: { ...changes.after, ...(isRenewed && { credentials: 'changed' }) } };
}

const hasOtherCredentials = (before: Proxies, after: Proxies): boolean =>
  protocolsOf(before).some(
    (protocol) => after[protocol] && !isDeepStrictEqual(before[protocol], after[protocol]),
  );

type Facts = Record<string, unknown>;

/** What is kept, and how it is written. Of what is not known of a user nothing is looked at: many are noted at once. */
const FACTS: { [name in keyof User]?: (user: Partial<User>) => unknown } = {
  status: (user) => user.status,
  usedTraffic: (user) => textOf(user.usedTraffic!),
  dataLimit: (user) => textOf(user.dataLimit!),
  resetStrategy: (user) => user.resetStrategy,
  expireAt: (user) => user.expireAt,
  holdSeconds: (user) => user.holdSeconds,
  holdUntil: (user) => user.holdUntil,
  heldWhenDisabled: (user) => user.heldWhenDisabled,
  autoDeleteInDays: (user) => user.autoDeleteInDays,
  proxies: (user) => protocolsOf(user.proxies!),
  excludedInbounds: (user) => user.excludedInbounds,
  note: (user) => user.note,
  nextPlan: ({ nextPlan }) => nextPlan && { ...nextPlan, dataLimit: textOf(nextPlan.dataLimit) },
  owner: ({ owner }) => owner && owner.username,
  subRevokedAt: (user) => user.subRevokedAt,
};
const KEPT = Object.entries(FACTS) as [keyof User, (user: Partial<User>) => unknown][];

/** What may be kept of a user, in JSON: byte counts as texts, of its credentials the protocols, of its owner the name. */
function factsOf(user: Partial<User>): Facts {
  const facts: Facts = {};
  for (const [name, read] of KEPT) {
    if (user[name] !== undefined) facts[name === 'proxies' ? 'protocols' : name] = read(user);
  }
  return facts;
}

const textOf = (value: bigint | null): string | null => (value === null ? null : String(value));
