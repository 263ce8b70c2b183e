import { Injectable } from '@nestjs/common';
import { noteValues, notingAdded } from '../../shared/activity/activities.js';
import type { Activity } from '../../shared/activity/activity.js';
import { Database, type Queryable, type Tx } from '../../shared/database/database.js';
import { isForeignKeyViolation, isUniqueViolation } from '../../shared/database/violations.js';
import { NotAllowed } from '../../shared/domain/errors.js';
import type { Statement } from '../../shared/database/statement.js';
import type { SubscribedUser, User } from './domain/user.js';
import { toUser, USER_COLUMNS, USER_TABLES, type UserRow } from './user-rows.js';
import { OwnerNotFound, UsernameTaken } from './users.errors.js';

/** A user that has no id yet; nothing was used, nobody has seen it. */
export type NewUser = Pick<
  User,
  | 'username'
  | 'status'
  | 'dataLimit'
  | 'resetStrategy'
  | 'expireAt'
  | 'holdSeconds'
  | 'holdUntil'
  | 'autoDeleteInDays'
  | 'proxies'
  | 'excludedInbounds'
  | 'note'
  | 'nextPlan'
  | 'createdAt'
  | 'owner'
>;

const OWNER = 'users_admin_id_fkey';

const BY_NAME: Statement = {
  name: 'user_by_name',
  text: `SELECT ${USER_COLUMNS} FROM ${USER_TABLES} WHERE u.username = $1`,
};

// Narrow, as it is asked by far the most: each column costs more than finding the row.
const SUBSCRIBED: Statement = {
  name: 'user_subscribed',
  text: `SELECT u.id, u.username, u.status, g.used_traffic AS "usedTraffic", u.data_limit AS "dataLimit",
                u.expire_at AS "expireAt", u.hold_seconds::float8 AS "holdSeconds", u.proxies,
                u.excluded_inbounds AS "excludedInbounds", u.sub_revoked_at AS "subRevokedAt",
                u.created_at AS "createdAt"
           FROM users u JOIN user_usage g ON g.user_id = u.id
          WHERE u.username = $1`,
};

// Two statements: one that waited for the lock would see the plan as it was before the wait.
const LOCK: Statement = {
  name: 'user_lock',
  text: 'SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE',
};

// A deletion asks for more than the lock of a change, and two that had that already would wait for each other.
const LOCK_TO_DELETE: Statement = {
  name: 'user_lock_to_delete',
  text: 'SELECT FROM users WHERE id = $1 FOR UPDATE',
};

const DELETE: Statement = {
  name: 'user_delete',
  text: `WITH gone AS (DELETE FROM users WHERE id = $1)
         SELECT ${USER_COLUMNS} FROM ${USER_TABLES} WHERE u.id = $1`,
};

const BY_ID: Statement = {
  name: 'user_by_id',
  text: `SELECT ${USER_COLUMNS} FROM ${USER_TABLES} WHERE u.id = $1`,
};

const INSERT: Statement = {
  name: 'user_insert',
  text: `WITH added AS (
           INSERT INTO users (username, status, admin_id, data_limit, reset_strategy, expire_at, hold_seconds,
                              hold_until, auto_delete_in_days, proxies, excluded_inbounds, note, created_at,
                              status_changed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
           RETURNING id
         ), counted AS (
           INSERT INTO user_usage (user_id) SELECT id FROM added
         ), planned AS (
           INSERT INTO next_plans (user_id, data_limit, expire_at, add_remaining_traffic, fire_on_either)
           SELECT id, $15::bigint, $16::timestamptz, $17::boolean, $18::boolean FROM added WHERE $14::boolean
         ), ${notingAdded(19)}
         SELECT id FROM added`,
};

const UPDATE: Statement = {
  name: 'user_update',
  text: `WITH planned AS (
           INSERT INTO next_plans (user_id, data_limit, expire_at, add_remaining_traffic, fire_on_either)
           SELECT $1::int, $18::bigint, $19::timestamptz, $20::boolean, $21::boolean WHERE $17::boolean
           ON CONFLICT (user_id) DO UPDATE
             SET data_limit = excluded.data_limit, expire_at = excluded.expire_at,
                 add_remaining_traffic = excluded.add_remaining_traffic, fire_on_either = excluded.fire_on_either
         ), unplanned AS (
           DELETE FROM next_plans WHERE user_id = $1 AND NOT $17::boolean
         )
         UPDATE users
            SET status = $2, status_before_disable = CASE WHEN status = $2 THEN status_before_disable END,
                data_limit = $3, reset_strategy = $4, expire_at = $5, hold_seconds = $6, hold_until = $7,
                auto_delete_in_days = $8, proxies = $9, excluded_inbounds = $10, note = $11, sub_revoked_at = $12,
                edited_at = $13, status_changed_at = $14, admin_id = $15,
                held_when_disabled = $16
          WHERE id = $1`,
};

/** Single users: reads and writes of whole ones. */
@Injectable()
export class UsersRepository {
  constructor(private readonly db: Database) {}

  async findByName(username: string): Promise<User | null> {
    const row = await this.find<UserRow>(BY_NAME, username);
    return row ? toUser(row) : null;
  }

  async findSubscribed(username: string): Promise<SubscribedUser | null> {
    return this.find<SubscribedUser>(SUBSCRIBED, username);
  }

  private async find<R>(statement: Statement, username: string): Promise<R | null> {
    if (username.includes('\0')) return null; // PostgreSQL refuses such text, and no user can have it
    const [row] = await this.db.point<R>(statement, [username]);
    return row ?? null;
  }

  /**
   * The user, locked until the transaction ends; null when it was deleted. Its traffic is not locked and may grow.
   */
  async lock(tx: Tx, id: number): Promise<User | null> {
    await tx.run(LOCK, [id]);
    const row = await tx.row<UserRow>(BY_ID, [id]);
    return row ? toUser(row) : null;
  }

  /**
   * Stores a new user with what is noted of that, and returns its id. Throws `UsernameTaken`, or `NotAllowed` when its
   * owner was just deleted.
   */
  async insert(tx: Queryable, user: NewUser, noted: Activity): Promise<number> {
    try {
      const row = await tx.row<{ id: number }>(INSERT, [
        user.username,
        user.status,
        user.owner?.id ?? null,
        user.dataLimit,
        user.resetStrategy,
        user.expireAt,
        user.holdSeconds,
        user.holdUntil,
        user.autoDeleteInDays,
        JSON.stringify(user.proxies),
        JSON.stringify(user.excludedInbounds),
        user.note,
        user.createdAt,
        ...planValues(user),
        ...noteValues(user.createdAt, noted),
      ]);
      return row!.id;
    } catch (error) {
      if (isUniqueViolation(error, 'users_username_key')) throw new UsernameTaken();
      if (isForeignKeyViolation(error, OWNER)) throw new NotAllowed();
      throw error;
    }
  }

  /** Writes everything an operator decides about a locked user, its next plan and owner included. Throws `OwnerNotFound`. */
  async update(tx: Tx, user: User): Promise<void> {
    const written = tx.run(UPDATE, [
      user.id,
      user.status,
      user.dataLimit,
      user.resetStrategy,
      user.expireAt,
      user.holdSeconds,
      user.holdUntil,
      user.autoDeleteInDays,
      JSON.stringify(user.proxies),
      JSON.stringify(user.excludedInbounds),
      user.note,
      user.subRevokedAt,
      user.editedAt,
      user.statusChangedAt,
      user.owner?.id ?? null,
      user.heldWhenDisabled,
      ...planValues(user),
    ]);
    await written.catch((error: unknown) => {
      throw isForeignKeyViolation(error, OWNER) ? new OwnerNotFound() : error;
    });
  }

  /** Deletes a user with its usage, plan, log and history. Returns it as it was; null when there was none. */
  async delete(tx: Tx, id: number): Promise<User | null> {
    await tx.run(LOCK_TO_DELETE, [id]);
    const row = await tx.row<UserRow>(DELETE, [id]);
    return row ? toUser(row) : null;
  }
}

function planValues({ nextPlan }: Pick<User, 'nextPlan'>): unknown[] {
  return [
    nextPlan !== null,
    nextPlan?.dataLimit ?? null,
    nextPlan?.expireAt ?? null,
    nextPlan?.addRemainingTraffic ?? false,
    nextPlan?.fireOnEither ?? true,
  ];
}
