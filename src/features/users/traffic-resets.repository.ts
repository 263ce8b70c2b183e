import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import { nextReset, type PeriodicUser, type Reset } from './domain/periodic-reset.js';
import type { User } from './domain/user.js';
import { lockUsage } from './lock-usage.js';
import { lockUsers } from './lock-users.js';

interface Row extends Omit<PeriodicUser, 'nextPlan'> {
  planFiresOnEither: boolean | null;
}

const DUE: Statement = {
  name: 'users_due_for_reset',
  text: `SELECT user_id AS id FROM user_usage
          WHERE next_reset_at <= $1 AND NOT reset_waits AND user_id <> ALL ($2::int[]) LIMIT $3`,
};

const READ: Statement = {
  name: 'users_to_reset',
  text: `SELECT u.id, u.username, u.status, u.data_limit AS "dataLimit", u.expire_at AS "expireAt",
                u.reset_strategy AS "resetStrategy", g.used_traffic AS "usedTraffic",
                g.next_reset_at AS "nextResetAt", p.fire_on_either AS "planFiresOnEither"
           FROM users u
           JOIN user_usage g ON g.user_id = u.id
           LEFT JOIN next_plans p ON p.user_id = u.id
          WHERE u.id = ANY ($1::int[]) ORDER BY u.id`,
};

/**
 * Parts of a statement that take the traffic of locked users away, at $1, as `change (id, taken, next_reset_at)` says; of
 * those where `taken` is null none. What is taken off is what is logged, to the byte: traffic counted meanwhile stays
 * for the time after.
 */
export const TAKE_TRAFFIC = /* sql */ `
  taken AS (
    UPDATE user_usage g
       SET used_traffic = g.used_traffic - c.taken, reset_traffic = g.reset_traffic + c.taken, last_reset_at = $1,
           next_reset_at = c.next_reset_at, reset_waits = false
      FROM change c WHERE g.user_id = c.id AND c.taken IS NOT NULL
    RETURNING g.user_id, c.taken AS bytes
  ), logged AS (
    INSERT INTO user_usage_logs (user_id, used_traffic_at_reset, reset_at)
    SELECT user_id, bytes, $1 FROM taken WHERE bytes <> 0
  ), unreminded AS (
    DELETE FROM user_reminders r USING taken WHERE r.user_id = taken.user_id AND r.kind = 'data_usage'
  )`;

const WAIT: Statement = {
  name: 'users_wait_for_reset',
  text: 'UPDATE user_usage SET reset_waits = true WHERE user_id = ANY ($1::int[])',
};

const RESET: Statement = {
  name: 'users_reset',
  text: `WITH change AS MATERIALIZED (
           SELECT * FROM unnest($2::int[], $3::user_status[], $4::bigint[], $5::timestamptz[])
             AS c (id, status, taken, next_reset_at)
         ), ${TAKE_TRAFFIC}
         UPDATE users u SET status = c.status, status_changed_at = $1
           FROM change c WHERE u.id = c.id AND u.status <> c.status`,
};

/** Traffic that is counted from nothing again: of one user, of all, or of those whose period is over. */
@Injectable()
export class TrafficResetsRepository {
  /** Users whose traffic is to be reset by now, at most so many of them, without these. */
  async findDue(db: Queryable, at: Date, most: number, without: readonly number[]): Promise<number[]> {
    return (await db.rows<{ id: number }>(DUE, [at, without, most])).map(({ id }) => id);
  }

  /** Locks and returns those of the given users that are still there, and their traffic (docs/decisions/0011). */
  async lock(tx: Tx, ids: readonly number[]): Promise<PeriodicUser[]> {
    await lockUsers(tx, ids);
    await lockUsage(tx, ids);
    return (await tx.rows<Row>(READ, [ids])).map(toPeriodicUser);
  }

  /** Leaves these users alone until they are active again. */
  async wait(tx: Tx, ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await tx.run(WAIT, [ids]);
  }

  /** Takes the traffic of a locked user away as it was read, with which a new period begins; all else is left to the caller. */
  async takeOf(tx: Tx, user: User, at: Date): Promise<void> {
    const { id, status, usedTraffic, resetStrategy } = user;
    await this.write(tx, [{ id, status, taken: usedTraffic, nextResetAt: nextReset(resetStrategy, at) }], at);
  }

  /** Writes resets of users that are locked with their traffic. */
  async write(tx: Tx, resets: readonly Reset[], at: Date): Promise<void> {
    if (resets.length === 0) return;
    await tx.run(RESET, [
      at,
      resets.map(({ id }) => id),
      resets.map(({ status }) => status),
      resets.map(({ taken }) => taken),
      resets.map(({ nextResetAt }) => nextResetAt),
    ]);
  }
}

/** Of a next plan it counts whether it fires with the limit or the time; the rest is the review's. */
function toPeriodicUser({ planFiresOnEither, ...user }: Row): PeriodicUser {
  const nextPlan =
    planFiresOnEither === null
      ? null
      : { dataLimit: null, expireAt: null, addRemainingTraffic: false, fireOnEither: planFiresOnEither };
  return { ...user, nextPlan };
}
