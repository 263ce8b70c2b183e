import { Injectable } from '@nestjs/common';
import type { Tx } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import { WorkerDatabase } from '../../shared/database/worker-database.js';
import type { ReviewChange } from './domain/review.js';
import { lockUsage } from './lock-usage.js';
import { TAKE_TRAFFIC } from './traffic-resets.repository.js';

/** More than this many due users are reviewed in several transactions. */
export const REVIEW_BATCH = 10_000;

// Each branch has an index of its own. The first one joins two narrow ranges: the index of limited users holds their
// limits, and the usage table little more than the traffic.
// Not prepared: the plan depends on how many are due.
const DUE = /* sql */ `
  WITH due AS (
    SELECT u.id FROM users u JOIN user_usage g ON g.user_id = u.id
     WHERE u.status = 'active' AND u.data_limit IS NOT NULL AND g.used_traffic >= u.data_limit
    UNION
    SELECT id FROM users WHERE status = 'active' AND expire_at <= $1
    UNION
    SELECT u.id FROM users u JOIN user_usage g ON g.user_id = u.id
     WHERE u.status = 'on_hold'
       AND (u.hold_until <= $1 OR g.online_at >= coalesce(u.edited_at, u.created_at))
    UNION
    SELECT u.id FROM next_plans p JOIN users u ON u.id = p.user_id JOIN user_usage g ON g.user_id = u.id
     WHERE u.status IN ('limited', 'expired') AND u.expire_at <= $1 AND g.used_traffic >= u.data_limit
  )
  SELECT id FROM due WHERE id <> ALL ($2::int[]) LIMIT ${REVIEW_BATCH}`;

const WRITE: Statement = {
  name: 'users_reviewed',
  text: `WITH change AS MATERIALIZED (
           SELECT * FROM unnest($2::int[], $3::user_status[], $4::bigint[], $5::timestamptz[], $6::bigint[],
                             $7::timestamptz[])
             AS c (id, status, data_limit, expire_at, taken, next_reset_at)
         ), ${TAKE_TRAFFIC}, fired AS (
           DELETE FROM next_plans p USING change c WHERE p.user_id = c.id AND c.taken IS NOT NULL
         )
         UPDATE users u
            SET status = c.status, data_limit = c.data_limit, expire_at = c.expire_at,
                hold_seconds = CASE WHEN u.status <> 'on_hold' THEN u.hold_seconds END,
                hold_until = CASE WHEN u.status <> 'on_hold' THEN u.hold_until END,
                status_changed_at = CASE WHEN u.status = c.status THEN u.status_changed_at ELSE $1 END
           FROM change c WHERE u.id = c.id`,
};

/** Users whose traffic or time may have changed what they are. */
@Injectable()
export class ReviewRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** Users that seem due at `now`, at most `REVIEW_BATCH` of them, without these. */
  async findDue(now: Date, without: readonly number[]): Promise<number[]> {
    return (await this.db.rows<{ id: number }>(DUE, [now, without])).map(({ id }) => id);
  }

  /** Writes what the review decided about locked users. */
  async write(tx: Tx, changes: readonly ReviewChange[], at: Date): Promise<void> {
    if (changes.length === 0) return;
    // Of whoever starts a trigger may come to it, in any order.
    const touched = changes.flatMap(({ id, status, taken }) =>
      taken !== null || status === 'active' ? [id] : [],
    );
    if (touched.length > 0) await lockUsage(tx, touched);
    await tx.run(WRITE, [
      at,
      changes.map((change) => change.id),
      changes.map((change) => change.status),
      changes.map((change) => change.dataLimit),
      changes.map((change) => change.expireAt),
      changes.map((change) => change.taken),
      changes.map((change) => change.nextResetAt),
    ]);
  }
}
