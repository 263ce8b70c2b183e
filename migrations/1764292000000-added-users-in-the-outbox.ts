import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever adds users, the nodes hear of them: until now each statement that did had to note it itself. */
export class AddedUsersInTheOutbox1764292000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SCHEMA);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION users_added CASCADE');
  }
}

// Once a statement, not once a row. The version before notes them too; a change that stands twice does no harm.
const SCHEMA = /* sql */ `
CREATE FUNCTION users_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO user_change (user_id, email)
  SELECT id, id || '.' || username FROM added WHERE status IN ('active', 'on_hold');
  RETURN NULL;
END $$;
CREATE TRIGGER users_added AFTER INSERT ON users REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION users_added();
`;
