import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many users each admin has in each status, kept by the statements that change it, whichever release sends them.
 * What changes is added as a row, so that nobody waits for anybody; a job puts the rows of an admin together.
 */
export class UserCounts1764288060000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(SCHEMA);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE user_counts CASCADE');
    await queryRunner.query('DROP FUNCTION users_came_or_went, user_moved, users_truncated CASCADE');
  }
}

const SCHEMA = /* sql */ `
-- An admin's counts are the sums of its rows. No foreign key: the users of a removed admin move to null by themselves.
CREATE TABLE user_counts (
  admin_id int,
  active   int NOT NULL DEFAULT 0,
  on_hold  int NOT NULL DEFAULT 0,
  disabled int NOT NULL DEFAULT 0,
  expired  int NOT NULL DEFAULT 0,
  limited  int NOT NULL DEFAULT 0,
  online   int NOT NULL DEFAULT 0                          -- as of the job's last count
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE FUNCTION users_came_or_went() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sign int := CASE tg_op WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
  INSERT INTO user_counts (admin_id, active, on_hold, disabled, expired, limited)
  SELECT admin_id, sign * count(*) FILTER (WHERE status = 'active'), sign * count(*) FILTER (WHERE status = 'on_hold'),
         sign * count(*) FILTER (WHERE status = 'disabled'), sign * count(*) FILTER (WHERE status = 'expired'),
         sign * count(*) FILTER (WHERE status = 'limited')
    FROM counted GROUP BY admin_id;
  RETURN NULL;
END $$;
CREATE TRIGGER users_came AFTER INSERT ON users REFERENCING NEW TABLE AS counted
  FOR EACH STATEMENT EXECUTE FUNCTION users_came_or_went();
CREATE TRIGGER users_went AFTER DELETE ON users REFERENCING OLD TABLE AS counted
  FOR EACH STATEMENT EXECUTE FUNCTION users_came_or_went();

-- For each row: most updates change neither column, and a trigger for statements would copy all their rows to see it.
CREATE FUNCTION user_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.admin_id IS NOT DISTINCT FROM old.admin_id THEN
    INSERT INTO user_counts (admin_id, active, on_hold, disabled, expired, limited)
    VALUES (new.admin_id, (new.status = 'active')::int - (old.status = 'active')::int,
            (new.status = 'on_hold')::int - (old.status = 'on_hold')::int,
            (new.status = 'disabled')::int - (old.status = 'disabled')::int,
            (new.status = 'expired')::int - (old.status = 'expired')::int,
            (new.status = 'limited')::int - (old.status = 'limited')::int);
  ELSE
    INSERT INTO user_counts (admin_id, active, on_hold, disabled, expired, limited)
    SELECT admin_id, sign * (status = 'active')::int, sign * (status = 'on_hold')::int,
           sign * (status = 'disabled')::int, sign * (status = 'expired')::int, sign * (status = 'limited')::int
      FROM (VALUES (old.admin_id, old.status, -1), (new.admin_id, new.status, 1)) AS v (admin_id, status, sign);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER user_moved AFTER UPDATE OF status, admin_id ON users FOR EACH ROW
  WHEN (old.status <> new.status OR old.admin_id IS DISTINCT FROM new.admin_id) EXECUTE FUNCTION user_moved();

CREATE FUNCTION users_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM user_counts;
  RETURN NULL;
END $$;
CREATE TRIGGER users_truncated AFTER TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION users_truncated();

-- The triggers keep writers out until this is committed, so none is counted twice or missed.
INSERT INTO user_counts (admin_id, active, on_hold, disabled, expired, limited)
SELECT admin_id, count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE status = 'on_hold'),
       count(*) FILTER (WHERE status = 'disabled'), count(*) FILTER (WHERE status = 'expired'),
       count(*) FILTER (WHERE status = 'limited')
  FROM users GROUP BY admin_id;
`;
