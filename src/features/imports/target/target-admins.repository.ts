import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '../../../shared/database/database.js';
import type { TargetAdmin, TargetAdminReset } from '../domain/admins.js';
import { columnsOf } from './columns.js';

@Injectable()
export class TargetAdminsRepository {
  /** Names that are taken, with their ids. */
  async findByNames(db: Queryable, usernames: readonly string[]): Promise<Map<string, number>> {
    const rows = await db.rows<{ id: number; username: string }>(
      'SELECT id, username FROM admins WHERE username = ANY($1)',
      [usernames],
    );
    return new Map(rows.map(({ id, username }) => [username, id]));
  }

  /**
   * Makes each admin what is given, by its name; returns their ids by name. The environment's keeps its password and
   * rights. Whoever got another password at the source since has no valid tokens here.
   */
  async put(tx: Tx, admins: readonly TargetAdmin[]): Promise<Map<string, number>> {
    const rows = await tx.rows<{ id: number; username: string }>(
      `WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[], $5::text[], $6::bigint[],
                              $7::timestamptz[], $8::timestamptz[])
           WITH ORDINALITY AS g (username, hashed_password, is_sudo, telegram_id, discord_webhook, users_usage,
                                 password_reset_at, created_at, n)
       )
       INSERT INTO admins AS a (username, hashed_password, is_sudo, telegram_id, discord_webhook, users_usage,
                                password_reset_at, created_at)
       SELECT username, hashed_password, is_sudo, telegram_id, discord_webhook, users_usage, password_reset_at, created_at
         FROM given ORDER BY n
       ON CONFLICT (username) DO UPDATE
         SET hashed_password = CASE WHEN a.from_environment THEN a.hashed_password ELSE excluded.hashed_password END,
             is_sudo = a.from_environment OR excluded.is_sudo,
             telegram_id = excluded.telegram_id,
             discord_webhook = excluded.discord_webhook,
             users_usage = excluded.users_usage,
             credential_version = a.credential_version + CASE
               WHEN NOT a.from_environment AND a.password_reset_at IS DISTINCT FROM excluded.password_reset_at THEN 1
               ELSE 0 END,
             password_reset_at = CASE WHEN a.from_environment THEN a.password_reset_at ELSE excluded.password_reset_at END,
             created_at = excluded.created_at
       RETURNING id, username`,
      columnsOf(
        admins,
        (a) => a.username,
        (a) => a.hashedPassword,
        (a) => a.isSudo,
        (a) => a.telegramId,
        (a) => a.discordWebhook,
        (a) => a.usersUsage,
        (a) => a.passwordResetAt,
        (a) => a.createdAt,
      ),
    );
    return new Map(rows.map(({ id, username }) => [username, id]));
  }

  /** Removes admins that an earlier run wrote. */
  async remove(tx: Tx, ids: readonly number[]): Promise<number> {
    return tx.run('DELETE FROM admins WHERE id = ANY($1::int[]) AND NOT from_environment', [ids]);
  }

  /** Forgets resets of usage, but for those of other admins than these. */
  async clearResets(tx: Tx, adminIds: readonly number[]): Promise<void> {
    await tx.run('DELETE FROM admin_usage_logs WHERE admin_id = ANY($1::int[]) OR admin_id IS NULL', [
      adminIds,
    ]);
  }

  async addResets(tx: Tx, resets: readonly TargetAdminReset[]): Promise<void> {
    await tx.run(
      `INSERT INTO admin_usage_logs (admin_id, used_traffic_at_reset, reset_at)
       SELECT admin_id, used_traffic, reset_at
         FROM unnest($1::int[], $2::bigint[], $3::timestamptz[]) WITH ORDINALITY AS r (admin_id, used_traffic, reset_at, n)
        ORDER BY n`,
      columnsOf(
        resets,
        (r) => r.adminId,
        (r) => r.usedTraffic,
        (r) => r.resetAt,
      ),
    );
  }
}
