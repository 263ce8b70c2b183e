import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '../../../shared/database/database.js';
import type { TargetUser } from '../domain/users.js';
import { columnsOf } from './columns.js';

const COLUMNS = `username, status, admin_id, data_limit, reset_strategy, expire_at, hold_seconds, hold_until,
  held_when_disabled, auto_delete_in_days, note, sub_revoked_at, sub_updated_at, sub_last_user_agent, created_at,
  edited_at, status_changed_at`
  .split(',')
  .map((name) => name.trim());
/** JSON is equal when its text is. */
const JSON_COLUMNS = ['proxies', 'excluded_inbounds'];
const ALL = [...COLUMNS, ...JSON_COLUMNS];
const of = (row: string) => [
  ...COLUMNS.map((name) => `${row}.${name}`),
  ...JSON_COLUMNS.map((name) => `${row}.${name}::text`),
];

@Injectable()
export class TargetUsersRepository {
  /** Of these users those whose id or name somebody else has. */
  async taken(db: Queryable, users: readonly TargetUser[]): Promise<Set<number>> {
    const rows = await db.rows<{ id: number }>(
      `SELECT g.id FROM unnest($1::int[], $2::text[]) AS g (id, username)
        WHERE EXISTS (SELECT FROM users u WHERE u.id = g.id)
           OR EXISTS (SELECT FROM users u WHERE u.username = g.username)`,
      columnsOf(
        users,
        (u) => u.id,
        (u) => u.username,
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Removes whoever the source does not have any more: those with ids of this stretch and not among `users`, and those
   * whose id or name belongs to somebody else now. Returns how many.
   */
  async removeVanished(
    tx: Tx,
    users: readonly Pick<TargetUser, 'id' | 'username'>[],
    stretch: { after: number; upTo: number },
  ): Promise<number> {
    return tx.run(
      `WITH given AS (SELECT * FROM unnest($1::int[], $2::text[]) AS g (id, username))
       DELETE FROM users u
        WHERE u.id > $3 AND u.id <= $4 AND u.id <> ALL($1::int[])
           OR u.id IN (SELECT o.id FROM users o JOIN given g ON g.id = o.id AND g.username <> o.username)
           OR u.id IN (SELECT o.id FROM users o JOIN given g ON g.username = o.username AND g.id <> o.id)`,
      [
        ...columnsOf(
          users,
          (u) => u.id,
          (u) => u.username,
        ),
        stretch.after,
        stretch.upTo,
      ],
    );
  }

  /** Makes each user what is given, by its id; writes those only that are not so yet. */
  async put(tx: Tx, users: readonly TargetUser[]): Promise<void> {
    await tx.run(
      `INSERT INTO users AS u (id, ${ALL.join(', ')})
       SELECT id, ${ALL.join(', ')}
         FROM unnest($1::int[], $2::text[], $3::user_status[], $4::int[], $5::bigint[], $6::reset_strategy[],
                     $7::timestamptz[], $8::bigint[], $9::timestamptz[], $10::boolean[], $11::int[], $12::text[],
                     $13::timestamptz[], $14::timestamptz[], $15::text[], $16::timestamptz[], $17::timestamptz[],
                     $18::timestamptz[], $19::json[], $20::json[]) AS g (id, ${ALL.join(', ')})
        ORDER BY id
       ON CONFLICT (id) DO UPDATE SET ${ALL.map((name) => `${name} = excluded.${name}`).join(', ')}
        WHERE (${of('u').join(', ')}) IS DISTINCT FROM (${of('excluded').join(', ')})`,
      columnsOf(
        users,
        (u) => u.id,
        (u) => u.username,
        (u) => u.status,
        (u) => u.adminId,
        (u) => u.dataLimit,
        (u) => u.resetStrategy,
        (u) => text(u.expireAt),
        (u) => u.holdSeconds,
        (u) => text(u.holdUntil),
        (u) => u.heldWhenDisabled,
        (u) => u.autoDeleteInDays,
        (u) => u.note,
        (u) => text(u.subRevokedAt),
        (u) => text(u.subUpdatedAt),
        (u) => u.subLastUserAgent,
        (u) => text(u.createdAt),
        (u) => text(u.editedAt),
        (u) => text(u.statusChangedAt),
        (u) => u.proxies,
        (u) => u.excludedInbounds,
      ),
    );
    await tx.run(
      `INSERT INTO user_usage AS g (user_id, used_traffic, online_at, next_reset_at)
       SELECT i.id, i.used_traffic, i.online_at, next_reset_at(u.reset_strategy, u.created_at)
         FROM unnest($1::int[], $2::bigint[], $3::timestamptz[]) AS i (id, used_traffic, online_at)
         JOIN users u ON u.id = i.id
       ON CONFLICT (user_id) DO UPDATE SET used_traffic = excluded.used_traffic, online_at = excluded.online_at
        WHERE (g.used_traffic, g.online_at) IS DISTINCT FROM (excluded.used_traffic, excluded.online_at)`,
      columnsOf(
        users,
        (u) => u.id,
        (u) => u.usedTraffic,
        (u) => text(u.onlineAt),
      ),
    );
  }

  /** What resets took away, and when the next one is due, from the resets that are there. Of all users, or of these. */
  async settleResets(tx: Tx, ids: readonly number[] | undefined): Promise<void> {
    await tx.run(
      `WITH settled AS (
         SELECT u.id, coalesce(r.total, 0) AS total, r.last_at,
                next_reset_at(u.reset_strategy, coalesce(r.last_at, u.created_at)) AS next_at
           FROM users u
           LEFT JOIN (SELECT user_id, least(sum(used_traffic_at_reset), 9223372036854775807)::bigint AS total,
                             (array_agg(reset_at ORDER BY id DESC))[1] AS last_at
                        FROM user_usage_logs GROUP BY user_id) r ON r.user_id = u.id
          WHERE $1::int[] IS NULL OR u.id = ANY($1::int[])
       )
       UPDATE user_usage g
          SET reset_traffic = s.total, last_reset_at = s.last_at, next_reset_at = s.next_at, reset_waits = false
         FROM settled s
        WHERE s.id = g.user_id
          AND (g.reset_traffic, g.last_reset_at, g.next_reset_at) IS DISTINCT FROM (s.total, s.last_at, s.next_at)`,
      [ids ?? null],
    );
  }
}

/** Sooner written than a date, which the driver puts into the time zone of this machine. */
const text = (at: Date | null): string | null => (at === null ? null : at.toISOString());
