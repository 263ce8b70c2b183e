import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who else has the credential of a user who is taken off a core: the core forgets it with him (docs/decisions/0020). A
 * change tells what credentials went with it, and an index tells who has them.
 */
export class SharedCredentials1764298300000 implements MigrationInterface {
  name = 'SharedCredentials1764298300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEYS);
    for (const protocol of PROTOCOLS) await runner.query(indexSql(protocol));
    await runner.query('ALTER TABLE user_change ADD released bigint[]');
    await runner.query(USER_CHANGED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(USER_CHANGED_BEFORE);
    await runner.query('ALTER TABLE user_change DROP released');
    for (const protocol of PROTOCOLS) await runner.query(`DROP INDEX users_${protocol}_credential`);
    await runner.query('DROP FUNCTION credential_keys');
    await runner.query('DROP FUNCTION credential_key');
  }
}

/** Those whose inbounds find a user by the credential. */
const PROTOCOLS = ['vless', 'vmess', 'trojan'];

const indexSql = (protocol: string) => `
  CREATE INDEX users_${protocol}_credential ON users (credential_key(proxies, '${protocol}'))
   WHERE status IN ('active', 'on_hold')`;

// A hash keeps the indexes small, and secrets out of the outbox. Of a VLESS id cores do not read the third group, see
// `credentialOf`. PostgreSQL puts the functions in place of their calls as long as they are no more than one expression.
const KEYS = /* sql */ `
CREATE FUNCTION credential_key(proxies json, protocol text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended(protocol || ' ' || CASE protocol
    WHEN 'vless' THEN overlay(right(translate(lower(proxies -> 'vless' ->> 'id'), '-{}', ''), 32) PLACING '0000' FROM 13)
    WHEN 'vmess' THEN right(translate(lower(proxies -> 'vmess' ->> 'id'), '-{}', ''), 32)
    WHEN 'trojan' THEN proxies -> 'trojan' ->> 'password'
  END, 0)
$$;
CREATE FUNCTION credential_keys(proxies json) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_remove(ARRAY[credential_key(proxies, 'vless'), credential_key(proxies, 'vmess'), credential_key(proxies, 'trojan')], NULL)
$$`;

const USER_CHANGED = /* sql */ `
CREATE OR REPLACE FUNCTION user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  released bigint[];
BEGIN
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

const USER_CHANGED_BEFORE = /* sql */ `
CREATE OR REPLACE FUNCTION user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO user_change (user_id, email) VALUES (old.id, old.id || '.' || old.username);
  IF tg_op = 'UPDATE' AND new.username <> old.username THEN
    INSERT INTO user_change (user_id, email) VALUES (new.id, new.id || '.' || new.username);
  END IF;
  RETURN NULL;
END $$`;
