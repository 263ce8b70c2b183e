import { Injectable } from '@nestjs/common';
import type { SubscriberStatus } from '../../client-configs/index.js';
import { Database } from '../../shared/database/database.js';

/** Users per status, and how many of them were connected of late. */
export interface UserCounts {
  byStatus: Record<SubscriberStatus, number>;
  online: number;
}

type Row = UserCounts['byStatus'] & { online: number };

const OF_ALL = sumStatement('system_user_counts', '');
const OF_ADMIN = sumStatement('system_user_counts_of_admin', 'WHERE admin_id = $1');

/**
 * How many users there are: sums of a few rows, however many users that is. Those per status are kept by triggers, in the
 * transaction that changes them; who was online is counted now and then.
 */
@Injectable()
export class UserCountsRepository {
  constructor(private readonly db: Database) {}

  /** The users of one admin, or all. */
  async find(adminId: number | undefined): Promise<UserCounts> {
    const rows =
      adminId === undefined
        ? await this.db.point<Row>(OF_ALL, [])
        : await this.db.point<Row>(OF_ADMIN, [adminId]);
    const { online, ...byStatus } = rows[0]!;
    return { byStatus, online };
  }

  /**
   * Counts the users seen within the last `seconds`, and writes for each admin by how many that differs from what is known.
   * Returns of how many admins it does.
   */
  async countOnline(seconds: number): Promise<number> {
    return this.db.run(
      `INSERT INTO user_counts (admin_id, online)
       SELECT admin_id, sum(online)
         FROM (SELECT u.admin_id, count(*) AS online
                 FROM user_usage g JOIN users u ON u.id = g.user_id
                WHERE g.online_at >= now() - make_interval(secs => $1) GROUP BY u.admin_id
                UNION ALL
               SELECT admin_id, -online FROM user_counts) d
        GROUP BY admin_id HAVING sum(online) <> 0`,
      [seconds],
    );
  }

  /**
   * Puts the rows of each admin together; whoever reads meanwhile sees all the old ones or all the new ones. Returns how
   * many there were, if anything was to be done.
   */
  async fold(): Promise<number> {
    const row = await this.db.row<{ rows: number }>(
      `WITH gone AS (
         DELETE FROM user_counts WHERE EXISTS (SELECT FROM user_counts GROUP BY admin_id HAVING count(*) > 1)
         RETURNING *
       ), folded AS (
         INSERT INTO user_counts (admin_id, active, on_hold, disabled, expired, limited, online)
         SELECT admin_id, sum(active), sum(on_hold), sum(disabled), sum(expired), sum(limited), sum(online)
           FROM gone GROUP BY admin_id
         HAVING (sum(active), sum(on_hold), sum(disabled), sum(expired), sum(limited), sum(online))
                <> (0, 0, 0, 0, 0, 0)
       )
       SELECT count(*)::int AS rows FROM gone`,
    );
    return row!.rows;
  }
}

function sumStatement(name: string, scope: string) {
  const sums = ['active', 'on_hold', 'disabled', 'expired', 'limited', 'online'].map(
    (column) => `coalesce(sum(${column}), 0)::int AS ${column}`,
  );
  return { name, text: `SELECT ${sums.join(', ')} FROM user_counts ${scope}` };
}
