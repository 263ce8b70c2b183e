/** The tables of Marzban that are read. */
export const TABLES = [
  'jwt',
  'tls',
  'system',
  'admins',
  'admin_usage_logs',
  'inbounds',
  'hosts',
  'user_templates',
  'template_inbounds_association',
  'nodes',
  'users',
  'proxies',
  'exclude_inbounds_association',
  'next_plans',
  'user_usage_logs',
  'notification_reminders',
  'node_usages',
  'node_user_usages',
] as const;
export type Table = (typeof TABLES)[number];

/**
 * What became of a row that is not simply carried over: `adjusted` has another value, `dropped` would never be shown,
 * `refused` cannot be kept, `noted` is kept as it is and worth a look.
 */
export type Verdict = 'adjusted' | 'dropped' | 'refused' | 'noted';

/** What of a sum (of `SUMS` in `sums.ts`) is gone or changed by a remark: source less target, in millionths of a byte. */
export type Amounts = Readonly<Record<string, bigint>>;

export interface Remark {
  table: Table;
  verdict: Verdict;
  /** Why, in words that are the same for all rows of the kind. */
  what: string;
  /** Of the row in the source. */
  id: bigint | null;
  /** What people know it by. */
  name: string | null;
  /** The value that was there, or the one that is there now. */
  detail?: string;
  /** How many rows of the source it is about, if not one. */
  rows?: number;
  amounts?: Amounts;
}

/** A row as it is to be, if it can be kept, and what there is to say of it. */
export interface Mapped<T> {
  row: T | undefined;
  remarks: readonly Remark[];
}
