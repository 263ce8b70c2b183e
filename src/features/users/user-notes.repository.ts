import { Injectable } from '@nestjs/common';
import { toJson } from '../../shared/activity/activities.js';
import type { Doer, NoticeAction } from '../../shared/activity/activity.js';
import type { ToldOwner } from '../../shared/activity/targets.js';
import type { Queryable } from '../../shared/database/database.js';
import type { Statement } from '../../shared/database/statement.js';
import { USER_TABLES } from './user-rows.js';

const instant = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const PLAN = /* sql */ `CASE WHEN p.user_id IS NOT NULL THEN json_build_object(
  'dataLimit', p.data_limit::text, 'expireAt', ${instant('p.expire_at')}, 'addRemainingTraffic', p.add_remaining_traffic,
  'fireOnEither', p.fire_on_either) END`;

/** `snapshotOf` of a row. */
const SNAPSHOT = /* sql */ `json_build_object(
  'id', u.id, 'username', u.username, 'status', u.status, 'usedTraffic', g.used_traffic::text,
  'resetTraffic', g.reset_traffic::text, 'dataLimit', u.data_limit::text, 'resetStrategy', u.reset_strategy,
  'expireAt', ${instant('u.expire_at')}, 'holdSeconds', u.hold_seconds, 'holdUntil', ${instant('u.hold_until')},
  'heldWhenDisabled', u.held_when_disabled, 'autoDeleteInDays', u.auto_delete_in_days, 'proxies', u.proxies,
  'excludedInbounds', u.excluded_inbounds, 'note', u.note, 'subRevokedAt', ${instant('u.sub_revoked_at')},
  'subUpdatedAt', ${instant('u.sub_updated_at')}, 'subLastUserAgent', u.sub_last_user_agent,
  'onlineAt', ${instant('g.online_at')}, 'createdAt', ${instant('u.created_at')},
  'editedAt', ${instant('u.edited_at')}, 'statusChangedAt', ${instant('u.status_changed_at')},
  'nextPlan', ${PLAN},
  'owner', CASE WHEN a.id IS NOT NULL THEN json_build_object(
    'id', a.id, 'username', a.username, 'isSudo', a.is_sudo, 'telegramId', a.telegram_id::text,
    'usersUsage', a.users_usage::text) END)`;

/** All that `recordOf` keeps of a row. */
const FACTS = /* sql */ `json_build_object(
  'status', u.status, 'usedTraffic', g.used_traffic::text, 'dataLimit', u.data_limit::text,
  'resetStrategy', u.reset_strategy, 'expireAt', ${instant('u.expire_at')}, 'holdSeconds', u.hold_seconds,
  'holdUntil', ${instant('u.hold_until')}, 'heldWhenDisabled', u.held_when_disabled,
  'autoDeleteInDays', u.auto_delete_in_days,
  'protocols', (SELECT coalesce(json_agg(name), '[]') FROM json_object_keys(u.proxies) name),
  'excludedInbounds', u.excluded_inbounds, 'note', u.note,
  'nextPlan', ${PLAN},
  'owner', a.username, 'subRevokedAt', ${instant('u.sub_revoked_at')})`;

const OWNERS: Statement = {
  name: 'owners_of_users',
  text: `SELECT o.admin_id AS id, a.telegram_id AS "telegramId", a.discord_webhook AS "discordWebhook"
           FROM (SELECT DISTINCT admin_id FROM users WHERE id = ANY ($1::int[])) o LEFT JOIN admins a ON a.id = o.admin_id`,
};

const TELL: Statement = {
  name: 'users_tell',
  text: `WITH target AS MATERIALIZED (
           SELECT * FROM unnest($5::text[], $6::int[], $7::text[]) WITH ORDINALITY AS t (action, owner, name, n)
         ), told AS MATERIALIZED (
           SELECT gen_random_uuid() AS id, c.n, c.action, u.id AS user_id, u.username, u.admin_id, ${SNAPSHOT} AS snapshot
             FROM unnest($3::int[], $4::text[]) WITH ORDINALITY AS c (user_id, action, n)
             JOIN (${USER_TABLES}) ON u.id = c.user_id
            WHERE EXISTS (SELECT FROM target t WHERE t.action = c.action AND t.owner IS NOT DISTINCT FROM u.admin_id)
         ), kept AS (
           INSERT INTO notification (id, at, action, user_id, username, by, "user")
           SELECT id, $1::timestamptz, action, user_id, username, $2::json, snapshot FROM told
         )
         INSERT INTO notification_delivery (notification_id, target, username, send_at)
         SELECT told.id, t.name, told.username, $1::timestamptz
           FROM told JOIN target t ON t.action = told.action AND t.owner IS NOT DISTINCT FROM told.admin_id
          ORDER BY told.n, t.n`,
};

const NOTE_REMOVAL: Statement = {
  name: 'users_note_removal',
  text: `INSERT INTO activity (at, action, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_name, before)
         SELECT $1::timestamptz, 'user_deleted', $2, $3, $4, 'user', u.id, u.username, ${FACTS}
           FROM ${USER_TABLES} WHERE u.id = ANY ($5::int[]) ORDER BY u.id`,
};

/** Something that many users are told of, each as the database has it at this moment of the transaction. */
export interface ManyNews {
  userId: number;
  action: NoticeAction;
}

/** Where one action is told of users of one owner. */
export interface ActionTarget {
  action: NoticeAction;
  ownerId: number | null;
  target: string;
}

/**
 * What is noted of many users, and told, made by the database of the rows that are there: to fetch 100,000 of them in order to
 * send them back took longer than all that was done to them. The users are locked with their traffic.
 */
@Injectable()
export class UserNotesRepository {
  /** Whose these users are, with null for nobody's. */
  async ownersOf(tx: Queryable, ids: readonly number[]): Promise<(ToldOwner | null)[]> {
    const rows = await tx.rows<Omit<ToldOwner, 'id'> & { id: number | null }>(OWNERS, [ids]);
    return rows.map(({ id, ...owner }) => (id === null ? null : { id, ...owner }));
  }

  /** Keeps notices of users; `by` did it, null for nobody. */
  async tell(
    tx: Queryable,
    at: Date,
    by: object | null,
    news: readonly ManyNews[],
    targets: readonly ActionTarget[],
  ): Promise<void> {
    await tx.run(TELL, [
      at,
      toJson(by),
      news.map(({ userId }) => userId),
      news.map(({ action }) => action),
      targets.map(({ action }) => action),
      targets.map(({ ownerId }) => ownerId),
      targets.map(({ target }) => target),
    ]);
  }

  /** Notes that these users are deleted, before they are. */
  async noteRemoval(tx: Queryable, at: Date, by: Doer, ids: readonly number[]): Promise<void> {
    await tx.run(NOTE_REMOVAL, [at, by.kind, by.id, by.name, ids]);
  }
}
