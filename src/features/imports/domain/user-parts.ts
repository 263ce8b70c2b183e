import type { SourceRow } from '../source/source.js';
import type { IdSet } from './id-set.js';
import type { Mapped } from './remarks.js';
import { SUMS } from './sums.js';
import { readExpiry, readLimit } from './users.js';
import { MAX_BIGINT, RowReader, toId, toMillionths } from './values.js';

const KINDS = ['data_usage', 'expiration_date'];

export interface TargetPlan {
  userId: number;
  dataLimit: bigint | null;
  expireAt: Date | null;
  addRemainingTraffic: boolean;
  fireOnEither: boolean;
}

/** A next plan; `former` is the user of the row before, in the order of users and ids: the first plan is in force. */
export function mapPlan(row: SourceRow, users: IdSet, former: number | undefined): Mapped<TargetPlan> {
  const read = new RowReader(row, 'next_plans', toId(row.id), null);
  const userId = read.int('user_id');
  if (userId === null || !users.has(userId))
    return read.dropped('of a user who is not there', String(userId));
  if (userId === former) return read.dropped('not the first plan of its user', String(userId));
  return {
    row: {
      userId,
      dataLimit: readLimit(read, 'data_limit'),
      expireAt: readExpiry(read, 'expire'),
      addRemainingTraffic: read.boolean('add_remaining_traffic') ?? false,
      fireOnEither: read.boolean('fire_on_either') ?? true,
    },
    remarks: read.remarks,
  };
}

export interface TargetReset {
  id: bigint;
  userId: number;
  usedTraffic: bigint;
  resetAt: Date;
}

/** A reset of traffic; `importedAt` stands for a time that is missing. */
export function mapReset(row: SourceRow, users: IdSet, importedAt: Date): Mapped<TargetReset> {
  const id = toId(row.id);
  const read = new RowReader(row, 'user_usage_logs', id, null);
  const lost = { [SUMS.resets]: toMillionths(row.used_traffic_at_reset ?? null) ?? 0n };
  const userId = read.int('user_id');
  if (userId === null)
    return read.dropped('of nobody: its user was deleted, or all traffic was reset', undefined, lost);
  if (!users.has(userId)) return read.dropped('of a user who is not there', String(userId), lost);
  const usedTraffic = read.bytes('used_traffic_at_reset', SUMS.resets);
  const resetAt = read.instant('reset_at');
  if (resetAt === null) read.adjusted('without a time: that of the import');
  return {
    row: { id: id ?? 0n, userId, usedTraffic, resetAt: resetAt ?? importedAt },
    remarks: read.remarks,
  };
}

export interface TargetReminder {
  userId: number;
  kind: string;
  threshold: number;
  sentAt: Date;
}

/** A reminder that was sent and still counts; of equal ones, which follow each other newest first, the first. */
export function mapReminder(
  row: SourceRow,
  users: IdSet,
  former: TargetReminder | undefined,
  now: Date,
): Mapped<TargetReminder> {
  const read = new RowReader(row, 'notification_reminders', toId(row.id), null);
  const userId = read.int('user_id');
  const kind = read.text('type') ?? '';
  const threshold = read.int('threshold');
  const endsAt = read.instant('expires_at');
  if (userId === null || !users.has(userId))
    return read.dropped('of a user who is not there', String(userId));
  if (!KINDS.includes(kind)) return read.refused('a kind that nobody knows', kind);
  if (threshold === null) return read.dropped('without a threshold, of before there were any');
  if (endsAt !== null && endsAt <= now) return read.dropped('its time is over');
  if (former?.userId === userId && former.kind === kind && former.threshold === threshold) {
    return read.dropped('an older one of the same');
  }
  const sentAt = read.instant('created_at') ?? new Date(0);
  return { row: { userId, kind, threshold, sentAt }, remarks: read.remarks };
}

/** The traffic of one row of a table that has two columns of it. */
export function readTotals(row: SourceRow | undefined): {
  uplink: bigint;
  downlink: bigint;
  remarks: RowReader['remarks'];
} {
  const read = new RowReader(row ?? {}, 'system', 1n, null);
  const bytes = (column: 'uplink' | 'downlink', sum: string) => {
    if (row?.[column] === undefined || row[column] === null) return 0n;
    const value = read.bytes(column, sum);
    return value > MAX_BIGINT ? MAX_BIGINT : value;
  };
  const [uplink, downlink] = [bytes('uplink', SUMS.systemUp), bytes('downlink', SUMS.systemDown)];
  return { uplink, downlink, remarks: read.remarks };
}
