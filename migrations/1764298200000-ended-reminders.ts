import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A reminder counts for the limit or the expiry it was about; whoever changes that may have to be reminded again. */
export class EndedReminders1764298200000 implements MigrationInterface {
  name = 'EndedReminders1764298200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION user_reminders_ended() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM user_reminders r
         WHERE r.user_id = new.id
           AND CASE r.kind
                 WHEN 'expiration_date' THEN new.expire_at IS DISTINCT FROM old.expire_at
                 ELSE new.data_limit IS NULL
                   OR (SELECT g.used_traffic FROM user_usage g WHERE g.user_id = new.id)::float8 * 100 / new.data_limit < r.threshold
               END;
        RETURN NULL;
      END $$;
      CREATE TRIGGER user_reminders_ended AFTER UPDATE OF data_limit, expire_at ON users FOR EACH ROW
        WHEN (new.data_limit IS DISTINCT FROM old.data_limit OR new.expire_at IS DISTINCT FROM old.expire_at)
        EXECUTE FUNCTION user_reminders_ended()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION user_reminders_ended CASCADE');
  }
}
