import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A change tells again what credentials went with it: what keeps imports out of the outbox had left that out. */
export class ReleasedAgain1764299200000 implements MigrationInterface {
  name = 'ReleasedAgain1764299200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
CREATE OR REPLACE FUNCTION user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  released bigint[];
BEGIN
  IF current_setting('margrave.importing', true) = 'on' THEN RETURN NULL; END IF;
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
END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
CREATE OR REPLACE FUNCTION user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('margrave.importing', true) = 'on' THEN RETURN NULL; END IF;
  INSERT INTO user_change (user_id, email) VALUES (old.id, old.id || '.' || old.username);
  IF tg_op = 'UPDATE' AND new.username <> old.username THEN
    INSERT INTO user_change (user_id, email) VALUES (new.id, new.id || '.' || new.username);
  END IF;
  RETURN NULL;
END $$`);
  }
}
