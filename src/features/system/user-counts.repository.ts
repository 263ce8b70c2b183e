import { Injectable } from '@nestjs/common';
import type { SubscriberStatus } from '../../client-configs/index.js';
import { Database } from '../../shared/database/database.js';

/** Users per status, and how many of them were connected of late. */
export interface UserCounts {
  byStatus: Partial<Record<SubscriberStatus, number>>;
  online: number;
}

interface Row {
  status: SubscriberStatus;
  users: number;
  online: number;
}

const OF_ALL = countStatement('system_user_counts', '');
const OF_ADMIN = countStatement('system_user_counts_of_admin', 'WHERE u.admin_id = $2');

@Injectable()
export class UserCountsRepository {
  constructor(private readonly db: Database) {}

  /** Counts the users of one admin, or all; online are those seen since `since`. */
  async count(since: Date, adminId: number | undefined): Promise<UserCounts> {
    const rows =
      adminId === undefined
        ? await this.db.rows<Row>(OF_ALL, [since])
        : await this.db.rows<Row>(OF_ADMIN, [since, adminId]);
    return {
      byStatus: Object.fromEntries(rows.map(({ status, users }) => [status, users])),
      online: rows.reduce((sum, { online }) => sum + online, 0),
    };
  }
}

function countStatement(name: string, scope: string) {
  return {
    name,
    text: `SELECT u.status, count(*)::int AS users, (count(*) FILTER (WHERE g.online_at >= $1))::int AS online
             FROM users u JOIN user_usage g ON g.user_id = u.id ${scope}
            GROUP BY u.status`,
  };
}
