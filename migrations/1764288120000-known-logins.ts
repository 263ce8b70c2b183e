import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where admins have logged in from: there a limit on their name does not hold them up. */
export class KnownLogins1764288120000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE known_logins (
        admin_id int NOT NULL REFERENCES admins ON DELETE CASCADE,
        network  text NOT NULL,
        last_at  timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (admin_id, network)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE known_logins');
  }
}
