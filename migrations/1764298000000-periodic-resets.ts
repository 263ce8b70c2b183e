import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When the traffic of each user is counted from nothing again. Beside the traffic, as a reset writes both there: rewriting
 * the wide rows of users takes five times as long. Triggers keep it, so that what replicas of the version before do with
 * users counts as well, but for their resets by hand, which do not begin a new period.
 */
export class PeriodicResets1764298000000 implements MigrationInterface {
  name = 'PeriodicResets1764298000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SCHEMA);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION user_usage_added, reset_strategy_changed, reset_awaited CASCADE;
      ALTER TABLE user_usage DROP COLUMN next_reset_at, DROP COLUMN reset_waits;
      DROP FUNCTION next_reset_at`);
  }
}

const SCHEMA = /* sql */ `
-- Null without resets. In hours, as days of a time zone differ.
CREATE FUNCTION next_reset_at(strategy reset_strategy, since timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT since + CASE strategy WHEN 'day' THEN interval '24 hours' WHEN 'week' THEN interval '168 hours'
                               WHEN 'month' THEN interval '720 hours' WHEN 'year' THEN interval '8760 hours' END
$$;

CREATE FUNCTION reset_strategy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_usage SET next_reset_at = next_reset_at(new.reset_strategy, now()), reset_waits = false
   WHERE user_id = new.id;
  RETURN NULL;
END $$;
CREATE TRIGGER reset_strategy_changed AFTER UPDATE OF reset_strategy ON users FOR EACH ROW
  WHEN (old.reset_strategy <> new.reset_strategy) EXECUTE FUNCTION reset_strategy_changed();

CREATE FUNCTION reset_awaited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_usage SET reset_waits = false WHERE user_id = new.id AND reset_waits;
  RETURN NULL;
END $$;
CREATE TRIGGER reset_awaited AFTER UPDATE OF status ON users FOR EACH ROW
  WHEN (new.status IN ('active', 'limited') AND old.status NOT IN ('active', 'limited')
        AND new.reset_strategy <> 'no_reset')
  EXECUTE FUNCTION reset_awaited();

ALTER TABLE user_usage
  ADD COLUMN next_reset_at timestamptz(3),
  -- A reset that is due waits for its user to be active again, out of the way of those that need not.
  ADD COLUMN reset_waits boolean NOT NULL DEFAULT false;
UPDATE user_usage g SET next_reset_at = next_reset_at(u.reset_strategy, coalesce(g.last_reset_at, u.created_at))
  FROM users u WHERE u.id = g.user_id AND u.reset_strategy <> 'no_reset';
CREATE INDEX user_usage_next_reset ON user_usage (next_reset_at) WHERE next_reset_at IS NOT NULL AND NOT reset_waits;

CREATE FUNCTION user_usage_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE user_usage g SET next_reset_at = next_reset_at(u.reset_strategy, coalesce(g.last_reset_at, u.created_at))
    FROM added a JOIN users u ON u.id = a.user_id
   WHERE g.user_id = a.user_id AND a.next_reset_at IS NULL AND u.reset_strategy <> 'no_reset';
  RETURN NULL;
END $$;
CREATE TRIGGER user_usage_added AFTER INSERT ON user_usage REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION user_usage_added();
`;
