import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../shared/database/database.js';
import type { Admin } from './admin.js';

/** An admin with what its logins are checked against. */
export interface Credentials {
  admin: Admin;
  /** Null: cannot log in. */
  hashedPassword: string | null;
  createdAt: Date;
  /** Null: the password is the first one. */
  passwordResetAt: Date | null;
  /** Goes up with every new password; tokens of an older version are void. */
  credentialVersion: number;
  /** Kept by `SUDO_USERNAME` and `SUDO_PASSWORD`. */
  fromEnvironment: boolean;
}

export interface NewAdmin {
  username: string;
  hashedPassword: string;
  isSudo: boolean;
  telegramId: bigint | null;
  discordWebhook: string | null;
}

/** What changes of an admin; what is undefined stays. */
export interface AdminChange {
  /** Voids the tokens of the admin. */
  hashedPassword?: string;
  isSudo?: boolean;
  telegramId?: bigint | null;
  discordWebhook?: string | null;
  fromEnvironment?: boolean;
}

export interface AdminFilter {
  /** Part of the name, in any case. */
  username?: string;
  offset?: number;
  limit?: number;
}

/** An admin with what its users used, in bytes. */
export interface AdminUsage {
  admin: Admin;
  createdAt: Date;
  /** Of its present users, since their last resets. */
  usedTraffic: bigint;
  /** Of them, before that. */
  resetTraffic: bigint;
}

interface AdminRow {
  id: number;
  username: string;
  is_sudo: boolean;
  telegram_id: bigint | null;
  discord_webhook: string | null;
  users_usage: bigint;
  hashed_password: string | null;
  credential_version: number;
  created_at: Date;
  password_reset_at: Date | null;
  from_environment: boolean;
}

const COLUMNS = `id, username, is_sudo, telegram_id, discord_webhook, users_usage, hashed_password, credential_version,
  created_at, password_reset_at, from_environment`;

const byId = { name: 'admin_by_id', text: `SELECT ${COLUMNS} FROM admins WHERE id = $1` };
const byName = { name: 'admin_by_name', text: `SELECT ${COLUMNS} FROM admins WHERE username = $1` };

/** Rows of admins. The database itself tells all replicas (`admins_changed`) when one that matters changes. */
@Injectable()
export class AdminsRepository {
  constructor(private readonly db: Database) {}

  async findCredentials(id: number): Promise<Credentials | undefined> {
    const [row] = await this.db.point<AdminRow>(byId, [id]);
    return row && toCredentials(row);
  }

  async findCredentialsByName(username: string): Promise<Credentials | undefined> {
    const [row] = await this.db.point<AdminRow>(byName, [username]);
    return row && toCredentials(row);
  }

  /** In the order of their creation. */
  async list({ username, offset, limit }: AdminFilter): Promise<Admin[]> {
    const rows = await this.db.rows<AdminRow>(
      `SELECT ${COLUMNS} FROM admins WHERE $1::text IS NULL OR username ILIKE '%' || $1 || '%'
        ORDER BY id OFFSET $2 LIMIT $3`,
      [containing(username), offset ?? 0, limit ?? null],
    );
    return rows.map((row) => toCredentials(row).admin);
  }

  /** The same with what their users used. */
  async listWithUsage({ username, offset, limit }: AdminFilter): Promise<AdminUsage[]> {
    const rows = await this.db.rows<AdminRow & Pick<AdminUsage, 'usedTraffic' | 'resetTraffic'>>(
      `WITH page AS (
         SELECT ${COLUMNS} FROM admins WHERE $1::text IS NULL OR username ILIKE '%' || $1 || '%'
          ORDER BY id OFFSET $2 LIMIT $3
       ), used AS (
         SELECT u.admin_id, sum(g.used_traffic)::bigint AS used, sum(g.reset_traffic)::bigint AS reset
           FROM users u JOIN user_usage g ON g.user_id = u.id
          WHERE u.admin_id IN (SELECT id FROM page) GROUP BY u.admin_id
       )
       SELECT page.*, coalesce(used.used, 0) AS "usedTraffic",
              coalesce(used.reset, 0) AS "resetTraffic"
         FROM page LEFT JOIN used ON used.admin_id = page.id ORDER BY page.id`,
      [containing(username), offset ?? 0, limit ?? null],
    );
    return rows.map(({ usedTraffic, resetTraffic, ...row }) => {
      const { admin, createdAt } = toCredentials(row);
      return { admin, createdAt, usedTraffic, resetTraffic };
    });
  }

  /** Undefined when the name is taken, be it in other case. */
  async insert(tx: Tx, admin: NewAdmin): Promise<Admin | undefined> {
    const row = await tx.row<AdminRow>(
      `INSERT INTO admins (username, hashed_password, is_sudo, telegram_id, discord_webhook)
       SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM admins WHERE lower(username) = lower($1))
       ON CONFLICT (username) DO NOTHING
       RETURNING ${COLUMNS}`,
      [admin.username, admin.hashedPassword, admin.isSudo, admin.telegramId, admin.discordWebhook],
    );
    return row && toCredentials(row).admin;
  }

  /** Changes a locked admin. */
  async update(tx: Tx, id: number, change: AdminChange): Promise<Admin> {
    const row = await tx.row<AdminRow>(
      `UPDATE admins
          SET hashed_password = coalesce($2, hashed_password),
              credential_version = credential_version + ($2 IS NOT NULL)::int,
              password_reset_at = CASE WHEN $2 IS NULL THEN password_reset_at ELSE now() END,
              from_environment = coalesce($8, from_environment AND $2::text IS NULL), -- it has one of its own
              is_sudo = coalesce($3, is_sudo),
              telegram_id = CASE WHEN $4 THEN $5 ELSE telegram_id END,
              discord_webhook = CASE WHEN $6 THEN $7 ELSE discord_webhook END
        WHERE id = $1
       RETURNING ${COLUMNS}`,
      [
        id,
        change.hashedPassword ?? null,
        change.isSudo ?? null,
        change.telegramId !== undefined,
        change.telegramId ?? null,
        change.discordWebhook !== undefined,
        change.discordWebhook ?? null,
        change.fromEnvironment ?? null,
      ],
    );
    return toCredentials(row!).admin;
  }

  /** Puts a stronger hash of the same password in the place of `old`; tokens stay valid. */
  async replaceHash(id: number, old: string, fresh: string): Promise<void> {
    await this.db.run('UPDATE admins SET hashed_password = $3 WHERE id = $1 AND hashed_password = $2', [
      id,
      old,
      fresh,
    ]);
  }

  /** Locks and returns the users of an admin, which are locked before their admins everywhere; a deletion takes the admin off them. */
  async lockUsersOf(tx: Tx, id: number): Promise<{ id: number; username: string }[]> {
    return tx.rows('SELECT id, username FROM users WHERE admin_id = $1 ORDER BY id FOR NO KEY UPDATE', [id]);
  }

  /** The admin, locked until the transaction ends; undefined when it is gone. */
  async lock(tx: Tx, id: number): Promise<Admin | undefined> {
    const row = await tx.row<AdminRow>(`SELECT ${COLUMNS} FROM admins WHERE id = $1 FOR NO KEY UPDATE`, [id]);
    return row && toCredentials(row).admin;
  }

  /** A sudo admin is left alone unless it is meant; returns whether one was removed. */
  async remove(tx: Tx, id: number, { evenSudo }: { evenSudo: boolean }): Promise<boolean> {
    return (await tx.run('DELETE FROM admins WHERE id = $1 AND ($2 OR NOT is_sudo)', [id, evenSudo])) > 0;
  }

  /** Sets the usage of a locked admin to zero and keeps what it was. */
  async resetUsage(tx: Tx, id: number): Promise<Admin> {
    const row = await tx.row<AdminRow>(
      `WITH kept AS (INSERT INTO admin_usage_logs (admin_id, used_traffic_at_reset)
                     SELECT id, users_usage FROM admins WHERE id = $1 AND users_usage <> 0)
       UPDATE admins SET users_usage = 0 WHERE id = $1 RETURNING ${COLUMNS}`,
      [id],
    );
    return toCredentials(row!).admin;
  }

  /** Runs `work` alone among all that add admins at a start. */
  async exclusively<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.db.transaction(async (tx) => {
      await tx.run('LOCK TABLE admins IN SHARE ROW EXCLUSIVE MODE');
      return work(tx);
    });
  }

  async findInTransaction(tx: Tx, username: string): Promise<Credentials | undefined> {
    const row = await tx.row<AdminRow>(byName, [username]);
    return row && toCredentials(row);
  }

  /** Whether any sudo admin can log in. */
  async hasSudo(tx: Tx): Promise<boolean> {
    const found = await tx.row('SELECT FROM admins WHERE is_sudo AND hashed_password IS NOT NULL LIMIT 1');
    return found !== undefined;
  }

  /**
   * Makes `username` a sudo admin with this password, new or not. Its older tokens are void; those that Marzban issued are
   * not when the environment names it for the first time, as they never hung on its password.
   */
  async putSudo(tx: Tx, username: string, hashedPassword: string, fromEnvironment: boolean): Promise<Admin> {
    const row = await tx.row<AdminRow>(
      `INSERT INTO admins AS a (username, hashed_password, is_sudo, from_environment) VALUES ($1, $2, true, $3)
       ON CONFLICT (username) DO UPDATE
         SET hashed_password = excluded.hashed_password, is_sudo = true, from_environment = excluded.from_environment,
             credential_version = a.credential_version + 1,
             password_reset_at = CASE WHEN excluded.from_environment > a.from_environment THEN a.password_reset_at ELSE now() END
       RETURNING ${COLUMNS}`,
      [username, hashedPassword, fromEnvironment],
    );
    return toCredentials(row!).admin;
  }

  /** Ends the logins and tokens of admins the environment once named, except of `username`; returns which they were. */
  async retireEnvironmentAdmins(
    tx: Tx,
    username: string | undefined,
  ): Promise<{ id: number; username: string }[]> {
    return tx.rows(
      `UPDATE admins SET hashed_password = NULL, credential_version = credential_version + 1
        WHERE from_environment AND hashed_password IS NOT NULL AND username IS DISTINCT FROM $1
        RETURNING id, username`,
      [username ?? null],
    );
  }
}

/** As a part of a pattern. */
const containing = (text: string | undefined): string | null => text?.replace(/[\\%_]/g, '\\$&') ?? null;

function toCredentials(row: AdminRow): Credentials {
  return {
    admin: {
      id: row.id,
      username: row.username,
      isSudo: row.is_sudo,
      telegramId: row.telegram_id,
      discordWebhook: row.discord_webhook,
      usersUsage: row.users_usage,
    },
    hashedPassword: row.hashed_password,
    createdAt: row.created_at,
    passwordResetAt: row.password_reset_at,
    credentialVersion: row.credential_version,
    fromEnvironment: row.from_environment,
  };
}
