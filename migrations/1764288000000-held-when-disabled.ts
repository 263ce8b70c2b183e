import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a disabled user was on hold: its time begins when it is made active again. */
export class HeldWhenDisabled1764288000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN held_when_disabled boolean NOT NULL DEFAULT false');
    // Of those that were disabled one by one it was not noted; a duration without an expiry shows it.
    await runner.query(`
      UPDATE users SET held_when_disabled = true
       WHERE status = 'disabled'
         AND (status_before_disable = 'on_hold'
              OR status_before_disable IS NULL AND hold_seconds IS NOT NULL AND expire_at IS NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN held_when_disabled');
  }
}
