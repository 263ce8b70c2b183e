import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is to be deleted, by index, and of what others were reminded. */
export class RemovalsAndReminders1764298100000 implements MigrationInterface {
  name = 'RemovalsAndReminders1764298100000';

  async up(runner: QueryRunner): Promise<void> {
    // Of users with days of their own the second of their deletion; as a number, since such days may lead past all times.
    await runner.query(`
      CREATE INDEX users_own_removal ON users
        (status, (extract(epoch FROM status_changed_at AT TIME ZONE 'UTC') + auto_delete_in_days * 86400::bigint))
        WHERE status IN ('limited', 'expired') AND auto_delete_in_days >= 0`);
    await runner.query(`
      CREATE INDEX users_common_removal ON users (status, status_changed_at)
        WHERE status IN ('limited', 'expired') AND auto_delete_in_days IS NULL`);
    await runner.query(`
      CREATE TABLE user_reminders (
        user_id   int NOT NULL REFERENCES users ON DELETE CASCADE,
        kind      text NOT NULL CHECK (kind IN ('data_usage', 'expiration_date')),
        threshold int NOT NULL,
        sent_at   timestamptz(3) NOT NULL,
        PRIMARY KEY (user_id, kind, threshold)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_reminders');
    await runner.query('DROP INDEX users_common_removal');
    await runner.query('DROP INDEX users_own_removal');
  }
}
