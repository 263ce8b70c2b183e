/** Who did something, as it is noted. */
export interface Doer {
  kind: 'admin' | 'system' | 'cli' | 'import';
  id: number | null;
  name: string | null;
}

/** What it was done to. The name is kept beside the id: it is what people know, and outlives the row. */
export interface Subject {
  kind: 'user' | 'admin' | 'user_template' | 'host' | 'node' | 'core_config' | 'import';
  id: number | bigint | null;
  name: string | null;
}

/** One change, as it is noted. `before` and `after` hold the fields that changed, in JSON, and never a secret. */
export interface Activity {
  action: string;
  by: Doer;
  subject: Subject;
  before?: object | null;
  after?: object | null;
}

/** What others are told of a change: facts as they were then, to be put into words when they are sent. */
export interface Notice {
  action: NoticeAction;
  user: { id: number; username: string } | null;
  /** Whoever did it; null for nobody. */
  by: object | null;
  /** The user after the change, or before it when it is gone. */
  snapshot: object | null;
  /**
   * Reminders have `used_percent` (a number of percent, unrounded) or `days_left`; logins `username`, `address` and `isRight`.
   */
  extra?: object;
  /** Where it goes; a notice without any is not kept. */
  targets: readonly string[];
}

export const NOTICE_ACTIONS = [
  'user_created',
  'user_updated',
  'user_deleted',
  'user_limited',
  'user_expired',
  'user_enabled',
  'user_disabled',
  'data_usage_reset',
  'data_reset_by_next',
  'subscription_revoked',
  'reached_usage_percent',
  'reached_days_left',
  'login',
] as const;
export type NoticeAction = (typeof NOTICE_ACTIONS)[number];

/** The channel (of `DatabaseEvents`) on which whoever sends notices is told that there are some. */
export const NOTICES_CHANNEL = 'notices';
