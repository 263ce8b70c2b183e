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
  isWhole: boolean;
  xid: string | null;
  seq: bigint;
  userId: number;
  email: string;
  released: string[] | null;
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
   * @throws DatabaseIncomplete while it is being restored
   */
  async noteDatabase(refuted?: string): Promise<void> {
    const seen = await this.db.row<{ isWhole: boolean; isNoted: boolean; isFirst: boolean | null }>(NOTE, [
      refuted ?? null,
    ]);
    if (!seen?.isWhole) throw new DatabaseIncomplete();
    if (!seen.isNoted) return;
    if (!seen.isFirst) {
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
    if (!rows[0]?.isWhole) throw new DatabaseIncomplete();
    const changes = rows.flatMap(({ xid, seq, userId, email, released }) =>
      xid === null ? [] : [{ xid: BigInt(xid), seq, userId, email, released }],
    );
    const horizon = BigInt(rows[0].horizon);
    await this.checkDatabase(rows[0], horizon < furthest);
    return { changes, horizon, isComplete: changes.length < LIMIT && !waits };
  }

  /**
   * Where a reader starts that has seen the users in the same snapshot of the database.
   * @throws DatabaseIncomplete when those may not be all of them
   */
  async horizon(db: Queryable = this.db): Promise<OutboxPlace> {
    const row = await db.row<{ xid: string; outboxId: string }>(HORIZON);
    if (!row) throw new DatabaseIncomplete();
    return { outboxId: row.outboxId, cursor: { xid: BigInt(row.xid), seq: 0n } };
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

/** Users are compared with nodes when all of them are there again. */
export class DatabaseIncomplete extends Error {
  constructor() {
    super('The database is being restored, or has just been');
    this.name = 'DatabaseIncomplete';
  }
}

/**
 * The server, and the line of its history: a standby that takes over begins a new one. And what no dump carries over to where
 * it is restored: the database, and the table of users in it, down to the trigger, which `pg_restore` makes once it has the
 * rows. Null until then. The name is looked up each time, for a table that is restored while this is prepared.
 */
const HERE = `
  SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
         (SELECT d.oid || '/' || pg_relation_filenode(t.tgrelid) || '/' || t.oid
            FROM pg_database d, pg_trigger t
           WHERE d.datname = current_database()
             AND t.tgrelid = 'users'::text::regclass AND t.tgname = 'users_added') AS home
    FROM pg_control_system()`;

const IS_NOTED =
  '(m.system_identifier, m.timeline, m.home) IS NOT DISTINCT FROM (h.system_identifier, h.timeline, h.home)';

const NOTE = `
  WITH h AS (${HERE}), noted AS (
    UPDATE control_meta m
       SET system_identifier = h.system_identifier, timeline = h.timeline, home = h.home, outbox_id = gen_random_uuid()
      FROM h, control_meta was
     WHERE h.home IS NOT NULL AND (NOT ${IS_NOTED} OR m.outbox_id = $1)
    RETURNING was.system_identifier IS NULL AS is_first
  )
  SELECT h.home IS NOT NULL AND EXISTS (SELECT FROM control_meta) AS "isWhole",
         noted.is_first IS NOT NULL AS "isNoted", noted.is_first AS "isFirst"
    FROM h LEFT JOIN noted ON true`;

const HORIZON = `
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid, m.outbox_id AS "outboxId"
    FROM control_meta m, (${HERE}) h WHERE ${IS_NOTED}`;

const afterSql = (condition: string) =>
  `SELECT s.horizon::text, s."outboxId", s."isNoted", s."isWhole", c.xid::text, c.seq, c.user_id AS "userId", c.email,
          c.released
     FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon, m.outbox_id AS "outboxId",
                  ${IS_NOTED} AS "isNoted", h.home IS NOT NULL AS "isWhole"
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
