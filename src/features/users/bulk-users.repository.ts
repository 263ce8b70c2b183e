import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../shared/database/database.js';
import type { Admin } from '../admins/index.js';
import type { UserFacts } from './domain/activity.js';
import { resetNow } from './domain/periodic-reset.js';
import type { UserStatus } from './domain/user.js';
import { lockUsage } from './lock-usage.js';
import { TrafficResetsRepository } from './traffic-resets.repository.js';

/** So many users are locked at a time: whoever counts their traffic or edits one of them need not wait for all. */
export const BATCH = 5_000;

/** Users whose time is over, by the time it was over; undefined means without bound. */
export interface ExpiredRange {
  after?: Date;
  before: Date;
  /** Only users of this admin. */
  ownerId?: number;
}

// The time counts, not only the status that a review has written. Limited users would be expired had they not been
// limited before. Whom the next review moves to a next plan goes on.
const IS_EXPIRED = /* sql */ `
  u.status IN ('active', 'limited', 'expired')
  AND u.expire_at <= $1 AND ($2::timestamptz IS NULL OR u.expire_at >= $2) AND ($3::int IS NULL OR u.admin_id = $3)
  AND NOT EXISTS (
    SELECT FROM next_plans p JOIN user_usage g ON g.user_id = p.user_id
     WHERE p.user_id = u.id AND (u.status = 'active' AND p.fire_on_either OR g.used_traffic >= u.data_limit))`;

/** What a write to many made of one of them; of each only what it touched. */
export interface FactsChange {
  before: UserFacts;
  after: UserFacts;
}

interface StatusRow {
  id: number;
  username: string;
  was: UserStatus;
  status: UserStatus;
}

/** Writes that concern many users at once. */
@Injectable()
export class BulkUsersRepository {
  constructor(
    private readonly db: Database,
    private readonly resets: TrafficResetsRepository,
  ) {}

  /** Names of the expired users in the range, in id order. */
  async findExpired(range: ExpiredRange): Promise<string[]> {
    const rows = await this.db.rows<{ username: string }>(
      `SELECT u.username FROM users u WHERE ${IS_EXPIRED} ORDER BY u.id`,
      values(range),
    );
    return rows.map((row) => row.username);
  }

  /** Locks the first of the expired users in the range, `BATCH` at most, with their traffic: a deletion comes to it in any order. */
  async lockExpired(tx: Tx, range: ExpiredRange): Promise<{ id: number; username: string }[]> {
    const expired = await tx.rows<{ id: number; username: string }>(
      `SELECT u.id, u.username FROM users u WHERE ${IS_EXPIRED} ORDER BY u.id LIMIT ${BATCH} FOR UPDATE OF u`,
      values(range),
    );
    await lockUsage(
      tx,
      expired.map(({ id }) => id),
    );
    return expired;
  }

  /** Deletes locked users with all that is known of them. */
  async delete(tx: Tx, ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await tx.run('DELETE FROM users WHERE id = ANY ($1::int[])', [ids]);
  }

  /** Disables active and held users of an admin, `BATCH` at most, and remembers which they were. */
  async disableSomeOf(tx: Tx, ownerId: number, at: Date): Promise<FactsChange[]> {
    const rows = await tx.rows<StatusRow>(
      `WITH locked AS (
         SELECT id, status FROM users
          WHERE admin_id = $1 AND status IN ('active', 'on_hold') ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE
       )
       UPDATE users u
          SET status = 'disabled', status_before_disable = u.status, held_when_disabled = u.status = 'on_hold',
              status_changed_at = $2
         FROM locked WHERE u.id = locked.id
       RETURNING u.id, u.username, locked.status AS was, u.status`,
      [ownerId, at],
    );
    return toStatusChanges(rows);
  }

  /**
   * Undoes {@link disableSomeOf} for `BATCH` users at most. Those that were disabled one by one stay so, and a hold that ended
   * meanwhile is over.
   */
  async activateSomeOf(tx: Tx, ownerId: number, at: Date): Promise<FactsChange[]> {
    const ids = await tx.rows<{ id: number }>(
      `SELECT id FROM users
        WHERE admin_id = $1 AND status = 'disabled' AND status_before_disable IS NOT NULL
        ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE`,
      [ownerId],
    );
    const locked = ids.map(({ id }) => id);
    await lockUsage(tx, locked); // a trigger comes to those whose reset waited, in any order
    const rows = await tx.rows<StatusRow>(
      `UPDATE users
          SET status = CASE WHEN held_when_disabled THEN 'on_hold'::user_status ELSE 'active' END,
              status_before_disable = NULL, held_when_disabled = false, status_changed_at = $2
        WHERE id = ANY ($1::int[])
       RETURNING id, username, 'disabled' AS was, status`,
      [locked, at],
    );
    return toStatusChanges(rows);
  }

  /** Gives the first of the users without an owner, `BATCH` at most, to this admin; in id order. */
  async giveSome(tx: Tx, owner: Admin): Promise<FactsChange[]> {
    const rows = await tx.rows<{ id: number; username: string }>(
      `WITH locked AS (
         SELECT id FROM users WHERE admin_id IS NULL ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE
       ), given AS (
         UPDATE users u SET admin_id = $1 FROM locked WHERE u.id = locked.id RETURNING u.id, u.username
       )
       SELECT id, username FROM given ORDER BY id`,
      [owner.id],
    );
    return rows.map((user) => ({ before: { ...user, owner: null }, after: { ...user, owner } }));
  }

  /** Starts the count of the `BATCH` users that come after this id again; in id order. */
  async resetSome(tx: Tx, last: number, at: Date): Promise<FactsChange[]> {
    const next = await tx.rows<{ id: number }>(
      `SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE`,
      [last],
    );
    const users = await this.resets.lock(
      tx,
      next.map(({ id }) => id),
    );
    const resets = users.map((user) => ({ user, reset: resetNow(user, at) }));
    await this.resets.write(
      tx,
      resets.map(({ reset }) => reset),
      at,
    );
    return resets.map(({ user: { id, username, status, usedTraffic }, reset }) => ({
      before: { id, username, status, usedTraffic },
      after: { id, username, status: reset.status, usedTraffic: usedTraffic - reset.taken },
    }));
  }
}

/** In id order. */
function toStatusChanges(rows: readonly StatusRow[]): FactsChange[] {
  return rows
    .toSorted((a, b) => a.id - b.id)
    .map(({ id, username, was, status }) => ({
      before: { id, username, status: was },
      after: { id, username, status },
    }));
}

function values({ before, after, ownerId }: ExpiredRange): unknown[] {
  return [before, after ?? null, ownerId ?? null];
}
