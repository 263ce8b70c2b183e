import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Tx } from '../../shared/database/database.js';

/** Any fixed number: whoever holds this advisory lock imports. */
const IMPORT_LOCK = 7_345_003;
/** A replica that was not heard of for so long is dead. */
const DEAD_SECONDS = 15;

/** What is known of an import from runs before. */
export interface ImportState {
  sourceId: string;
  isMerge: boolean;
  firstAt: Date;
  /** When the last run began to write; changes at the source before it have been read. */
  lastAt: Date;
  finishedAt: Date | null;
  usersAt: Date | null;
  written: Written;
  /** Days as `2026-11-28`. */
  historyFrom: string | null;
  historyThrough: string | null;
  historyEnd: string | null;
  history: object | null;
}

/** Ids of what is few. */
export interface Written {
  admins?: number[];
  templates?: number[];
  nodes?: number[];
  /** The last id of a user that was ever brought here: those above were made here. */
  lastUser?: number;
  /** Of a merge: users of the source that are not here, and the node that has the traffic of the local core. */
  leftOut?: number[];
  localId?: number;
}

/** What the target holds, as far as an import has to ask. */
export interface Situation {
  users: number;
  nodes: number;
  templates: number;
  /** Of other installations, too. */
  imports: ImportState[];
}

const STATE = /* sql */ `
  SELECT source_id AS "sourceId", is_merge AS "isMerge", first_at AS "firstAt", last_at AS "lastAt",
         finished_at AS "finishedAt", users_at AS "usersAt", written, history_from::text AS "historyFrom",
         history_through::text AS "historyThrough", history_end::text AS "historyEnd", history
    FROM imports`;

@Injectable()
export class ImportsRepository {
  constructor(private readonly db: Database) {}

  /** Runs `work` while nobody else imports; undefined when somebody does. */
  async exclusively<T>(work: () => Promise<T>): Promise<{ result: T } | undefined> {
    // Other than a session, a transaction is ours behind a pooler as well. It holds nothing but the lock.
    return this.db.transaction(async (tx) => {
      await tx.run('SET LOCAL idle_in_transaction_session_timeout = 0');
      const row = await tx.row<{ free: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS free', [
        IMPORT_LOCK,
      ]);
      return row!.free ? { result: await work() } : undefined;
    });
  }

  /** A transaction that may take its time, and of which the outbox hears nothing. */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.db.transaction(async (tx) => {
      await tx.run(
        `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 600000;
         SET LOCAL synchronous_commit = off; SET LOCAL margrave.importing = 'on'`,
      );
      return work(tx);
    });
  }

  /** Names of replicas that live. */
  async liveReplicas(): Promise<string[]> {
    const rows = await this.db.rows<{ name: string }>(
      `SELECT name FROM replica WHERE heartbeat_at > now() - make_interval(secs => $1) ORDER BY name`,
      [DEAD_SECONDS],
    );
    return rows.map(({ name }) => name);
  }

  /** Undefined where no service has ever set up the database. */
  async situation(): Promise<Situation | undefined> {
    const there = await this.db.row<{ isThere: boolean }>(
      `SELECT to_regclass('imports') IS NOT NULL AS "isThere"`,
    );
    if (!there!.isThere) return undefined;
    const row = await this.db.row<{ users: number; nodes: number; templates: number }>(`
      SELECT (SELECT count(*)::int FROM (SELECT FROM users LIMIT 1000000) AS u) AS users,
             (SELECT count(*)::int FROM nodes WHERE kind <> 'local' AND deleted_at IS NULL) AS nodes,
             (SELECT count(*)::int FROM user_templates) AS templates`);
    return { ...row!, imports: await this.db.rows<ImportState>(STATE) };
  }

  /**
   * What was changed here since the last run wrote: users by what was done to them and by their traffic, the rest as it was
   * noted. `count` of all, `names` of the first.
   */
  async changedSince(
    at: Date,
    lastUser: number,
  ): Promise<{ kind: string; count: number; names: string[] }[]> {
    return this.db.rows(
      `SELECT kind, count(*)::int AS count, (array_agg(name ORDER BY id))[1:20] AS names
         FROM (SELECT 'user' AS kind, u.id::bigint AS id, u.username AS name
                 FROM users u JOIN user_usage g ON g.user_id = u.id
                WHERE u.id > $2 OR greatest(u.edited_at, g.online_at, g.last_reset_at) > $1
               UNION
               SELECT DISTINCT replace(subject_kind, '_', ' '), coalesce(subject_id, 0), coalesce(subject_name, subject_kind)
                 FROM activity
                WHERE at > $1 AND actor_kind IN ('admin', 'cli') AND subject_kind <> 'user' AND action <> 'login'
              ) AS changed
        GROUP BY kind ORDER BY kind`,
      [at, lastUser],
    );
  }

  /** Of users that imports before brought here. */
  async countImported(lastUser: number): Promise<number> {
    const row = await this.db.row<{ count: number }>(
      'SELECT count(*)::int AS count FROM users WHERE id <= $1',
      [lastUser],
    );
    return row!.count;
  }

  async now(): Promise<Date> {
    return (await this.db.row<{ now: Date }>('SELECT clock_timestamp() AS now'))!.now;
  }

  /** A run begins to write; nothing of the source is newer than `newest`, whatever its clock. */
  async begin(
    tx: Tx,
    run: { sourceId: string; source: string; isMerge: boolean; at: Date; newest: Date },
  ): Promise<void> {
    await tx.run(
      `INSERT INTO imports (source_id, source, is_merge, first_at, last_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (source_id) DO UPDATE SET source = excluded.source, last_at = greatest(imports.last_at, excluded.last_at)`,
      [run.sourceId, run.source, run.isMerge, run.at, run.newest],
    );
  }

  async noteWritten(tx: Tx, sourceId: string, written: Written): Promise<void> {
    await tx.run('UPDATE imports SET written = written || $2::jsonb WHERE source_id = $1', [
      sourceId,
      JSON.stringify(written),
    ]);
  }

  async noteUsers(tx: Tx, sourceId: string): Promise<void> {
    await tx.run('UPDATE imports SET users_at = clock_timestamp() WHERE source_id = $1', [sourceId]);
  }

  /** All traffic up to the end of this day is there; `before` are the books without it, as it may grow. */
  async noteDay(
    tx: Tx,
    sourceId: string,
    day: { from: string; through: string; before: object },
  ): Promise<void> {
    await tx.run(
      `UPDATE imports SET history_from = $2, history_through = $3, history = $4::jsonb,
                          history_end = greatest(history_end, $3) WHERE source_id = $1`,
      [sourceId, day.from, day.through, JSON.stringify(day.before)],
    );
  }

  async noteFinished(tx: Tx, sourceId: string): Promise<void> {
    await tx.run('UPDATE imports SET finished_at = clock_timestamp() WHERE source_id = $1', [sourceId]);
  }

  /** New rows get ids above all that were ever given. */
  async moveSequences(tx: Tx, last: { users: number; nodes: number }): Promise<void> {
    for (const table of ['admins', 'users', 'nodes', 'user_templates', 'hosts', 'inbounds'] as const) {
      const seen = table === 'users' || table === 'nodes' ? last[table] : 0;
      await tx.run(
        `SELECT setval(pg_get_serial_sequence('${table}', 'id'),
                       greatest($1, (SELECT coalesce(max(id), 0) FROM ${table}), (SELECT last_value FROM ${table}_id_seq)))`,
        [seen],
      );
    }
  }

  /** The planner knows nothing of what came in one go. */
  async analyze(): Promise<void> {
    for (const table of [
      'admins',
      'users',
      'user_usage',
      'user_usage_logs',
      'next_plans',
      'user_reminders',
      'hosts',
      'nodes',
      'node_usages',
      'node_user_usages',
      'user_counts',
    ]) {
      await this.write(async (tx) => tx.run(`ANALYZE ${table}`));
    }
  }

  /** Sums that are there now, by the names of `SUMS`; what many rows make up takes a while. */
  async measure(db: Queryable, localId: number): Promise<Map<string, bigint>> {
    const [row] = await db.rows<Record<string, string>>(
      `SELECT (SELECT coalesce(sum(users_usage), 0)::text FROM admins) AS "admins.users_usage",
              (SELECT coalesce(sum(used_traffic_at_reset), 0)::text FROM admin_usage_logs)
                AS "admin_usage_logs.used_traffic_at_reset",
              (SELECT coalesce(sum(used_traffic), 0)::text FROM user_usage) AS "users.used_traffic",
              (SELECT coalesce(sum(used_traffic_at_reset), 0)::text FROM user_usage_logs)
                AS "user_usage_logs.used_traffic_at_reset",
              (SELECT coalesce(sum(uplink), 0)::text FROM nodes) AS "system.uplink",
              (SELECT coalesce(sum(downlink), 0)::text FROM nodes) AS "system.downlink",
              (SELECT coalesce(sum(uplink), 0)::text FROM node_usages) AS "node_usages.uplink",
              (SELECT coalesce(sum(downlink), 0)::text FROM node_usages) AS "node_usages.downlink"`,
    );
    const hours = await db.rows<{ nodeId: number; bytes: string }>(
      'SELECT node_id AS "nodeId", sum(used_traffic)::text AS bytes FROM node_user_usages GROUP BY node_id',
    );
    const name = 'node_user_usages.used_traffic';
    const total = hours.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n);
    return new Map([
      ...Object.entries(row!).map(([sum, bytes]) => [sum, BigInt(bytes)] as const),
      [name, total],
      ...hours.map(
        ({ nodeId, bytes }) =>
          [`${name} of ${nodeId === localId ? 'the local core' : `node ${nodeId}`}`, BigInt(bytes)] as const,
      ),
    ]);
  }
}
