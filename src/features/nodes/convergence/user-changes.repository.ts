import { performance } from 'node:perf_hooks';
import { Injectable, Logger } from '@nestjs/common';
import type { Queryable } from '../../../shared/database/database.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import type { OutboxPlace, ReadPosition, UserChange } from '../domain/change-cursor.js';

/** Changes read at once. */
export const LIMIT = 5_000;
/** With more than this seen beyond the cursor, wait for the transaction that holds it back. */
const MAX_BEYOND = 100_000;
/** Within so long of another outbox, whoever stands beyond the horizon is about to start anew in it. */
const SETTLING_MS = 3_000;

interface Row {
  horizon: string;
  outboxId: string;
  isNoted: boolean;
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
  private readonly logger = new Logger('Nodes');
  private outbox: { id: string; since: number } | undefined;

  constructor(private readonly db: WorkerDatabase) {}

  /**
   * Prepares for a database that is another one than before, such as a restored copy or a standby that took over before it
   * had everything: numbers of transactions mean nothing in it, so its outbox gets another id, and every node is compared
   * as a whole. So it is with the outbox `refuted`. Of a new database nothing is noted: that is no other one.
   */
  async noteDatabase(refuted?: string): Promise<void> {
    const noted = await this.db.row<{ isFirst: boolean }>(
      `WITH here AS (${HERE})
       UPDATE control_meta m
          SET system_identifier = here.system_identifier, timeline = here.timeline, outbox_id = gen_random_uuid()
         FROM here, control_meta was
        WHERE (m.system_identifier, m.timeline) IS DISTINCT FROM (here.system_identifier, here.timeline)
           OR m.outbox_id = $1
       RETURNING was.system_identifier IS NULL AS "isFirst"`,
      [refuted ?? null],
    );
    if (!noted) return;
    if (!noted.isFirst) {
      this.logger.warn(
        'The database is not the one it was, or went back; the users on every node are compared',
      );
    }
    await this.db.run("SELECT pg_notify('node_wake', '')");
  }

  /**
   * What has become visible after a position, at most {@link LIMIT} changes. `furthest` is the newest transaction that
   * anybody claims to have seen.
   */
  async after({ cursor, beyond }: ReadPosition, furthest = cursor.xid): Promise<ReadChanges> {
    const waits = beyond.length > MAX_BEYOND;
    const rows = await this.db.rows<Row>(beyond.length === 0 ? AFTER : AFTER_WITH_GAPS, [
      cursor.xid.toString(),
      cursor.seq,
      ...(beyond.length === 0 ? [] : [beyond.map((had) => had.seq), waits]),
    ]);
    const changes = rows.flatMap(({ xid, seq, userId, email }) =>
      xid === null ? [] : [{ xid: BigInt(xid), seq, userId, email }],
    );
    const horizon = BigInt(rows[0]!.horizon);
    await this.checkDatabase(rows[0]!, horizon < furthest);
    return { changes, horizon, isComplete: changes.length < LIMIT && !waits };
  }

  /** Where a reader starts that has seen the users in the same snapshot of the database. */
  async horizon(db: Queryable = this.db): Promise<OutboxPlace> {
    const row = await db.row<{ xid: string; outboxId: string }>(
      `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid, outbox_id AS "outboxId" FROM control_meta`,
    );
    return { outboxId: row!.outboxId, cursor: { xid: BigInt(row!.xid), seq: 0n } };
  }

  /** Deletes what every enabled node has applied; a node that lags by a day gets a full comparison instead. */
  async prune(): Promise<{ removed: number; lagging: number }> {
    const lagging = await this.db.run(
      `WITH lagging AS (
         SELECT r.node_id FROM node_runtime r
          WHERE NOT r.full_sync_needed
            AND EXISTS (SELECT FROM user_change c
                         WHERE (c.xid, c.seq) > (r.cursor_xid, r.cursor_seq) AND c.at < now() - interval '1 day')
          ORDER BY r.node_id FOR NO KEY UPDATE
       )
       UPDATE node_runtime r SET full_sync_needed = true FROM lagging WHERE r.node_id = lagging.node_id`,
    );
    const removed = await this.db.run(
      `DELETE FROM user_change c
        WHERE c.at < now() - interval '1 hour'
          AND NOT EXISTS (SELECT FROM node_runtime r JOIN nodes n ON n.id = r.node_id
                           WHERE n.status <> 'disabled' AND n.deleted_at IS NULL AND NOT r.full_sync_needed
                             AND (r.cursor_xid, r.cursor_seq) < (c.xid, c.seq))`,
    );
    return { removed, lagging };
  }

  /** Each reading shows of what database it is: connections may lead to another one without anybody noticing. */
  private async checkDatabase({ outboxId, isNoted }: Row, isBeyondHorizon: boolean): Promise<void> {
    if (this.outbox?.id !== outboxId) {
      this.outbox = { id: outboxId, since: this.outbox ? performance.now() : -Infinity };
    }
    const isSettled = performance.now() - this.outbox.since > SETTLING_MS;
    if (isBeyondHorizon && isSettled) await this.noteDatabase(outboxId);
    else if (!isNoted) await this.noteDatabase();
  }
}

/** The server, and the line of its history: a standby that takes over begins a new one. */
const HERE = `SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline
                FROM pg_control_system()`;

const afterSql = (condition: string) =>
  `SELECT s.horizon::text, s."outboxId", s."isNoted", c.xid::text, c.seq, c.user_id AS "userId", c.email
     FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon, m.outbox_id AS "outboxId",
                  (m.system_identifier, m.timeline) IS NOT DISTINCT FROM (h.system_identifier, h.timeline) AS "isNoted"
             FROM control_meta m, (${HERE}) h) s
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
