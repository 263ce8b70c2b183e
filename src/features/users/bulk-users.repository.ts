import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import { resetNow } from './domain/periodic-reset.js';
import { lockUsage } from './lock-usage.js';
import { TrafficResetsRepository } from './traffic-resets.repository.js';

/** So many users are locked at a time: whoever counts their traffic or edits one of them need not wait for all. */
const BATCH = 5_000;

/** Users whose time is over, by the time it was over; undefined means without bound. */
export interface ExpiredRange {
  after?: Date;
  before: Date;
  /** Only users of this admin. */
  ownerId?: number;
}

// The time counts, not only the status that a review has written. Limited users would be expired had they not been
// limited before. Whom the next review moves to a next plan goes on.
const EXPIRED = /* sql */ `
  SELECT id, username FROM users u
   WHERE status IN ('active', 'limited', 'expired')
     AND expire_at <= $1 AND ($2::timestamptz IS NULL OR expire_at >= $2) AND ($3::int IS NULL OR admin_id = $3)
     AND NOT EXISTS (
       SELECT FROM next_plans p JOIN user_usage g ON g.user_id = p.user_id
        WHERE p.user_id = u.id AND (u.status = 'active' AND p.fire_on_either OR g.used_traffic >= u.data_limit))
   ORDER BY id`;

/** Writes that concern many users at once. */
@Injectable()
export class BulkUsersRepository {
  constructor(
    private readonly db: Database,
    private readonly resets: TrafficResetsRepository,
  ) {}

  /** Names of the expired users in the range, in id order. */
  async findExpired(range: ExpiredRange): Promise<string[]> {
    const rows = await this.db.rows<{ username: string }>(EXPIRED, values(range));
    return rows.map((row) => row.username);
  }

  /** Deletes the expired users in the range and returns their names. Broken off, it leaves the rest as they were. */
  async deleteExpired(range: ExpiredRange): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      const batch = await this.deleteSomeExpired(range);
      names.push(...batch);
      if (batch.length < BATCH) return names;
    }
  }

  private deleteSomeExpired(range: ExpiredRange): Promise<string[]> {
    return this.db.transaction(async (tx) => {
      const expired = await tx.rows<{ id: number; username: string }>(
        `${EXPIRED} LIMIT ${BATCH} FOR UPDATE`,
        values(range),
      );
      const ids = expired.map(({ id }) => id);
      await lockUsage(tx, ids); // the deletion comes to it in any order
      await tx.run('DELETE FROM users WHERE id = ANY ($1::int[])', [ids]);
      return expired.map(({ username }) => username);
    });
  }

  /** Disables the active and held users of an admin, and remembers which they were. Returns how many there were. */
  async disableOf(ownerId: number, at: Date): Promise<number> {
    return this.db.run(
      `WITH locked AS (
         SELECT id FROM users WHERE admin_id = $1 AND status IN ('active', 'on_hold') ORDER BY id FOR NO KEY UPDATE
       )
       UPDATE users u
          SET status = 'disabled', status_before_disable = u.status, held_when_disabled = u.status = 'on_hold',
              status_changed_at = $2
         FROM locked WHERE u.id = locked.id`,
      [ownerId, at],
    );
  }

  /**
   * Undoes {@link disableOf}. Users that were disabled one by one stay so, and a hold that ended meanwhile is over.
   * Returns how many there were.
   */
  async activateOf(ownerId: number, at: Date): Promise<number> {
    return this.db.run(
      `WITH locked AS (
         SELECT id FROM users
          WHERE admin_id = $1 AND status = 'disabled' AND status_before_disable IS NOT NULL
          ORDER BY id FOR NO KEY UPDATE
       )
       UPDATE users u
          SET status = CASE WHEN u.held_when_disabled THEN 'on_hold'::user_status ELSE 'active' END,
              status_before_disable = NULL, held_when_disabled = false, status_changed_at = $2
         FROM locked WHERE u.id = locked.id`,
      [ownerId, at],
    );
  }

  /** Starts the count of everybody's traffic again. Broken off, it leaves the rest as they were. */
  async resetAll(at: Date): Promise<void> {
    for (let last: number | undefined = 0; last !== undefined;) last = await this.resetSome(last, at);
  }

  /** Resets the users that come next after this id. Returns the last of them, or undefined when there are none. */
  private resetSome(after: number, at: Date): Promise<number | undefined> {
    return this.db.transaction(async (tx) => {
      const next = await tx.rows<{ id: number }>(
        `SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT ${BATCH}`,
        [after],
      );
      const ids = next.map(({ id }) => id);
      const users = await this.resets.lock(tx, ids);
      await this.resets.write(
        tx,
        users.map((user) => resetNow(user, at)),
        at,
      );
      return ids.at(-1);
    });
  }
}

function values({ before, after, ownerId }: ExpiredRange): unknown[] {
  return [before, after ?? null, ownerId ?? null];
}
