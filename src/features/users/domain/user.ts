import type { Proxies, TagsByProtocol } from '../../../xray/config/types.js';
import type { Admin } from '../../admins/index.js';

export const USER_STATUSES = ['active', 'disabled', 'limited', 'expired', 'on_hold'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

export const RESET_STRATEGIES = ['no_reset', 'day', 'week', 'month', 'year'] as const;
export type ResetStrategy = (typeof RESET_STRATEGIES)[number];

/** Unix seconds of the last second of the year 9999: the largest `expire`, so that every instant has four digits. */
export const LATEST_EXPIRE = 253_402_300_799;

/** What follows when a user's limit or time is used up. Traffic in bytes; null means unlimited or never. */
export interface NextPlan {
  dataLimit: bigint | null;
  /** An instant, not a duration: it becomes the user's own. */
  expireAt: Date | null;
  /** Adds what was left of the old limit to the new one. */
  addRemainingTraffic: boolean;
  /** Follows when either the limit or the time is used up; otherwise only when both are. */
  fireOnEither: boolean;
}

/** A customer's account. Traffic in bytes; null means no limit, or never. */
export interface User {
  id: number;
  username: string;
  status: UserStatus;
  /** Since the last reset. */
  usedTraffic: bigint;
  /** Sum of what all resets took away. */
  resetTraffic: bigint;
  dataLimit: bigint | null;
  resetStrategy: ResetStrategy;
  expireAt: Date | null;
  /** On hold: the time to run once connected, and when to start without a connection. */
  holdSeconds: number | null;
  holdUntil: Date | null;
  /** Disabled while on hold: its time begins when it is made active. */
  heldWhenDisabled: boolean;
  /** Days after which an expired or limited user may be deleted; negative means never, null the installation's rule. */
  autoDeleteInDays: number | null;
  proxies: Proxies;
  /** Inbounds the user may not use; an inbound that is new in the config is open to everyone of its protocol. */
  excludedInbounds: TagsByProtocol;
  note: string | null;
  nextPlan: NextPlan | null;
  owner: Admin | null;
  subRevokedAt: Date | null;
  subUpdatedAt: Date | null;
  subLastUserAgent: string | null;
  onlineAt: Date | null;
  createdAt: Date;
  editedAt: Date | null;
  statusChangedAt: Date;
}

/** What of a user is looked at when a client application fetches the subscription. */
export type SubscribedUser = Pick<
  User,
  | 'id'
  | 'username'
  | 'status'
  | 'usedTraffic'
  | 'dataLimit'
  | 'expireAt'
  | 'holdSeconds'
  | 'proxies'
  | 'excludedInbounds'
  | 'subRevokedAt'
  | 'createdAt'
>;
