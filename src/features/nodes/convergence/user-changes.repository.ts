import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../../shared/database/database.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { Cursor, ReadPosition, UserChange } from '../domain/change-cursor.js';

/** Changes read at once. */
export const LIMIT = 5_000;
/** With more than this seen beyond the cursor, wait for the transaction that holds it back. */
const MAX_BEYOND = 100_000;

interface Row {
  horizon: string;
  xid: string | null;
  seq: bigint;
  userId: number;
  email: string;
}

export interface ReadChanges {
  /** In order. */
  changes: UserChange[];
  /** The oldest transaction that was open. */
  horizon: bigint;
  /** Whether these are all that were visible. */
  isComplete: boolean;
}

/** The outbox of users whose accounts may differ from what they should be. */
@Injectable()
export class UserChangesRepository {
  constructor(private readonly db: WorkerDatabase) {}

  /** What has become visible after a position, at most {@link LIMIT} changes. */
  async after({ cursor, beyond }: ReadPosition): Promise<ReadChanges> {
    const waits = beyond.length > MAX_BEYOND;
    const rows = await this.db.rows<Row>(beyond.length === 0 ? AFTER : AFTER_WITH_GAPS, [
      cursor.xid.toString(),
      cursor.seq,
      ...(beyond.length === 0 ? [] : [beyond.map((had) => had.seq), waits]),
    ]);
    const changes = rows.flatMap(({ xid, seq, userId, email }) =>
      xid === null ? [] : [{ xid: BigInt(xid), seq, userId, email }],
    );
    return { changes, horizon: BigInt(rows[0]!.horizon), isComplete: changes.length < LIMIT && !waits };
  }

  /** Where a reader starts that has seen the users in the same snapshot of the database. */
  async horizon(db: Queryable = this.db): Promise<Cursor> {
    const row = await db.row<{ xid: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid');
    return { xid: BigInt(row!.xid), seq: 0n };
  }

  /** Deletes what every enabled node has applied; a node that lags by a day gets a full comparison instead. */
  async prune(): Promise<void> {
    await this.db.run(
      `WITH lagging AS (
         SELECT r.node_id FROM node_runtime r
          WHERE NOT r.full_sync_needed
            AND EXISTS (SELECT FROM user_change c
                         WHERE (c.xid, c.seq) > (r.cursor_xid, r.cursor_seq) AND c.at < now() - interval '1 day')
          ORDER BY r.node_id FOR NO KEY UPDATE
       )
       UPDATE node_runtime r SET full_sync_needed = true FROM lagging WHERE r.node_id = lagging.node_id`,
    );
    await this.db.run(
      `DELETE FROM user_change c
        WHERE c.at < now() - interval '1 hour'
          AND NOT EXISTS (SELECT FROM node_runtime r JOIN nodes n ON n.id = r.node_id
                           WHERE n.status <> 'disabled' AND n.deleted_at IS NULL AND NOT r.full_sync_needed
                             AND (r.cursor_xid, r.cursor_seq) < (c.xid, c.seq))`,
    );
  }
}

const afterSql = (condition: string) =>
  `SELECT s.horizon::text, c.xid::text, c.seq, c.user_id AS "userId", c.email
     FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) s
     LEFT JOIN LATERAL (
       SELECT * FROM user_change WHERE (xid, seq) > ($1::xid8, $2::bigint) ${condition}
        ORDER BY xid, seq LIMIT ${LIMIT}
     ) c ON true
    ORDER BY c.xid, c.seq`;

const AFTER = { name: 'user_changes_after', text: afterSql('') };
const AFTER_WITH_GAPS = {
  name: 'user_changes_after_gaps',
  text: afterSql('AND NOT seq = ANY ($3::bigint[]) AND (NOT $4::boolean OR xid < s.horizon)'),
};
