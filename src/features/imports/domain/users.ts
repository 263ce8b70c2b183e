import type { SourceRow } from '../source/source.js';
import { MAX_NAME_BYTES } from './admins.js';
import { type MappedProxies, mapProxies, type ProxyRules, type SourceProxy } from './proxies.js';
import type { Mapped } from './remarks.js';
import { SUMS } from './sums.js';
import { clip, MAX_INT, MILLION, RowReader, toId } from './values.js';

const STATUSES = ['active', 'disabled', 'limited', 'expired', 'on_hold'];
const STRATEGIES = ['no_reset', 'day', 'week', 'month', 'year'];
const EPOCH = new Date(0);
/** The last second of the year 9999. */
const LATEST = 253_402_300_799n;
/** What new names are like. */
const ORDINARY_NAME = /^[\w@.-]{3,32}$/;

export interface TargetUser {
  id: number;
  username: string;
  status: string;
  adminId: number | null;
  dataLimit: bigint | null;
  resetStrategy: string;
  expireAt: Date | null;
  holdSeconds: bigint | null;
  holdUntil: Date | null;
  heldWhenDisabled: boolean;
  autoDeleteInDays: number | null;
  /** JSON. */
  proxies: string;
  /** JSON. */
  excludedInbounds: string;
  note: string | null;
  subRevokedAt: Date | null;
  subUpdatedAt: Date | null;
  subLastUserAgent: string | null;
  createdAt: Date;
  editedAt: Date | null;
  statusChangedAt: Date;
  usedTraffic: bigint;
  onlineAt: Date | null;
}

/** A row of `users` with its rows of `proxies`, in the order of their ids. */
export interface SourceUser {
  row: SourceRow;
  proxies: readonly SourceProxy[];
}

export interface UserRules extends ProxyRules {
  /** From ids of the source to ours. */
  admins: ReadonlyMap<number, number>;
}

export interface MappedUser extends Mapped<TargetUser> {
  /** How many rows of other tables belong to it. */
  rows: { proxies: number; exclusions: number };
  /** Undefined when the user is left out. */
  credentials: MappedProxies | undefined;
}

/** Source: Marzban `app/db/models.py` (`User`); the traps of old rows are those of its migrations. */
export function mapUser({ row, proxies: proxyRows }: SourceUser, rules: UserRules): MappedUser {
  const id = toId(row.id);
  const read = new RowReader(row, 'users', id, row.username === null ? null : clip(String(row.username)));
  const usedTraffic = read.bytes('used_traffic', SUMS.used);
  const rows = {
    proxies: proxyRows.length,
    exclusions: proxyRows.reduce((sum, { tags }) => sum + tags.length, 0),
  };
  const left = (what: string, detail?: string): MappedUser => ({
    ...read.refused(what, detail, { [SUMS.used]: usedTraffic * MILLION }),
    credentials: undefined,
    rows,
  });
  const username = read.text('username');
  if (!username) return left('a user without a name');
  if (Buffer.byteLength(username) > MAX_NAME_BYTES) return left('a name that is too long');
  if (id === null || id < 1n || id > MAX_INT) return left('an id that is none');
  const status = statusOf(read);
  if (!STATUSES.includes(status)) return left('the status is one nobody knows', clip(status));
  const resetStrategy = read.text('data_limit_reset_strategy') ?? 'no_reset';
  if (!STRATEGIES.includes(resetStrategy))
    return left('the reset strategy is one nobody knows', clip(resetStrategy));
  if (!ORDINARY_NAME.test(username) || username.endsWith('\n'))
    read.noted('a name that a new user could not have');
  if (proxyRows.length === 0) read.noted('a user without any credentials');
  const credentials = mapProxies(id, username, proxyRows, rules);
  const expireAt = readExpiry(read, 'expire');
  const createdAt = createdAtOf(read);
  const holdSeconds = read.integer('on_hold_expire_duration');
  if (status === 'on_hold' && (holdSeconds === null || holdSeconds < 0n))
    read.noted('on hold without a duration');
  const changedAt = read.instant('last_status_change');
  return {
    row: {
      id: Number(id),
      username,
      status,
      adminId: ownerOf(read, rules.admins),
      dataLimit: readLimit(read, 'data_limit'),
      resetStrategy,
      expireAt,
      holdSeconds,
      holdUntil: read.instant('on_hold_timeout'),
      // It is not noted there; a duration without an expiry shows it.
      heldWhenDisabled: status === 'disabled' && holdSeconds !== null && expireAt === null,
      autoDeleteInDays: read.int('auto_delete_in_days'),
      proxies: JSON.stringify(credentials.proxies),
      excludedInbounds: JSON.stringify(credentials.excluded),
      note: read.text('note'),
      // A millisecond more: less would revive the links of that very second.
      subRevokedAt: read.instant('sub_revoked_at', true),
      subUpdatedAt: read.instant('sub_updated_at'),
      subLastUserAgent: read.text('sub_last_user_agent'),
      createdAt,
      editedAt: read.instant('edit_at'),
      // Automatic deletion counts from it.
      statusChangedAt: changedAt ?? (status === 'expired' ? expireAt : null) ?? createdAt,
      usedTraffic,
      onlineAt: read.instant('online_at'),
    },
    remarks: read.remarks,
    credentials,
    rows,
  };
}

function statusOf(read: RowReader): string {
  const status = read.text('status') ?? '';
  if (status !== 'deactive') return status;
  read.adjusted('the status of development versions: disabled', status);
  return 'disabled';
}

/** Any later instant would void links that were issued. */
function createdAtOf(read: RowReader): Date {
  const createdAt = read.instant('created_at');
  if (createdAt === null) read.adjusted('no time of creation: 1970, so that no link becomes void');
  return createdAt ?? EPOCH;
}

function ownerOf(read: RowReader, admins: ReadonlyMap<number, number>): number | null {
  const owner = read.int('admin_id');
  const adminId = owner === null ? null : (admins.get(owner) ?? null);
  if (owner !== null && adminId === null) read.adjusted('an owner who does not exist: none', String(owner));
  return adminId;
}

/** A limit in bytes; none is null. */
export function readLimit(read: RowReader, column: string): bigint | null {
  const limit = read.integer(column);
  if (limit !== null && limit < 0n) read.adjusted(`${column} is negative: unlimited`, String(limit));
  return limit !== null && limit > 0n ? limit : null;
}

/** An instant from Unix seconds; 0 is never. */
export function readExpiry(read: RowReader, column: string): Date | null {
  const seconds = read.integer(column);
  if (seconds === null || seconds === 0n) return null;
  if (seconds < 0n) read.adjusted(`${column} is negative: the second after 1970 began`, String(seconds));
  if (seconds > LATEST) read.adjusted(`${column} is beyond the year 9999: its last second`, String(seconds));
  return new Date(Number(seconds < 0n ? 1n : seconds > LATEST ? LATEST : seconds) * 1000);
}
