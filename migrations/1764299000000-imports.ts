import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What was imported from which installation, so that an import can go on where it ended and be done again. What it writes
 * is not for the outbox, which a million users would flood: the nodes compare all their users afterwards.
 */
export class Imports1764299000000 implements MigrationInterface {
  name = 'Imports1764299000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE imports (
        source_id       text PRIMARY KEY,          -- the hash of its key
        source          text NOT NULL,             -- for people, without a password
        is_merge        boolean NOT NULL,
        first_at        timestamptz(3) NOT NULL,
        last_at         timestamptz(3) NOT NULL,   -- when the last run began to write
        finished_at     timestamptz(3),            -- when a run last came to its end
        users_at        timestamptz(3),            -- when all users were there
        written         jsonb NOT NULL DEFAULT '{}', -- ids of what is few, so that it is seen what has vanished since
        history_from    date,
        history_through date,                      -- the last day that was written
        history_end     date,                      -- beyond it no day was ever written
        history         jsonb                      -- what was counted before that day
      )`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION users_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF current_setting('margrave.importing', true) = 'on' THEN RETURN NULL; END IF;
        INSERT INTO user_change (user_id, email)
        SELECT id, id || '.' || username FROM added WHERE status IN ('active', 'on_hold');
        RETURN NULL;
      END $$`);
    await runner.query(
      userChanged("IF current_setting('margrave.importing', true) = 'on' THEN RETURN NULL; END IF;"),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION users_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO user_change (user_id, email)
        SELECT id, id || '.' || username FROM added WHERE status IN ('active', 'on_hold');
        RETURN NULL;
      END $$`);
    await runner.query(userChanged(''));
    await runner.query('DROP TABLE imports');
  }
}

const userChanged = (unless: string): string => /* sql */ `
CREATE OR REPLACE FUNCTION user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  released bigint[];
BEGIN
  ${unless}
  IF old.status IN ('active', 'on_hold') THEN
    released := credential_keys(old.proxies);
    IF tg_op = 'UPDATE' AND new.status IN ('active', 'on_hold') AND old.excluded_inbounds::text = new.excluded_inbounds::text THEN
      released := ARRAY(SELECT unnest(released) EXCEPT SELECT unnest(credential_keys(new.proxies)));
    END IF;
  END IF;
  INSERT INTO user_change (user_id, email, released)
  VALUES (old.id, old.id || '.' || old.username, nullif(released, '{}'));
  IF tg_op = 'UPDATE' AND new.username <> old.username THEN
    INSERT INTO user_change (user_id, email) VALUES (new.id, new.id || '.' || new.username);
  END IF;
  RETURN NULL;
END $$`;
