import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What was done, and who is told of it. The version before writes none of it, so what its replicas do while both run is
 * not noted and told to nobody, as in that version.
 */
export class Activity1764297500000 implements MigrationInterface {
  name = 'Activity1764297500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE activity (
        id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at           timestamptz(3) NOT NULL,
        action       text NOT NULL,
        actor_kind   text NOT NULL CHECK (actor_kind IN ('admin', 'system', 'cli', 'import')),
        actor_id     int,              -- no references: what was done outlives whoever did it, and what it was done to
        actor_name   text,
        subject_kind text NOT NULL,
        subject_id   bigint,
        subject_name text,
        -- The fields that changed, without secrets.
        before       json,
        after        json
      )`);
    await runner.query('CREATE INDEX activity_subject ON activity (subject_kind, subject_id, id)');
    await runner.query(`
      CREATE TABLE notification (
        id       uuid PRIMARY KEY,
        at       timestamptz(3) NOT NULL,
        action   text NOT NULL,
        user_id  int,                  -- no reference: whoever was deleted is told of as well
        username text,
        -- As they were then; whoever sends it turns them into what the recipient reads.
        by       json,
        "user"   json,
        extra    json
      )`);
    await runner.query(`
      CREATE TABLE notification_delivery (
        id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        notification_id uuid NOT NULL REFERENCES notification ON DELETE CASCADE,
        target          text NOT NULL,
        username        text,          -- in whose order: whoever is told knows users by their names
        state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
        tries           int NOT NULL DEFAULT 0,
        send_at         timestamptz(3) NOT NULL,
        finished_at     timestamptz(3),
        last_status     int,           -- of HTTP
        last_answer     text,          -- or why there was none
        UNIQUE (notification_id, target)
      )`);
    // What is due, however much else waits.
    await runner.query(`
      CREATE INDEX notification_delivery_due ON notification_delivery (target, send_at, id)
        INCLUDE (username) WHERE state = 'pending'`);
    // What goes before. Ids are in the order of the events of a user: they are given while its row is locked.
    await runner.query(`
      CREATE INDEX notification_delivery_before ON notification_delivery (target, username, id)
        INCLUDE (send_at) WHERE state = 'pending' AND username IS NOT NULL`);
    // Pages for operators.
    await runner.query(`
      CREATE INDEX notification_delivery_state ON notification_delivery (state, id) INCLUDE (target)`);
    // What may be forgotten.
    await runner.query(`
      CREATE INDEX notification_delivery_finished ON notification_delivery (state, finished_at)
        WHERE finished_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE notification_delivery');
    await runner.query('DROP TABLE notification');
    await runner.query('DROP TABLE activity');
  }
}
