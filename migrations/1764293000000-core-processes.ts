import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A core process is known by the nonce of its start, the order of polls and the database itself by numbers of their own:
 * none of them by a clock. The version before goes on working: it notes when a core started, from which is seen that what
 * is noted here belongs to an earlier one.
 */
export class CoreProcesses1764293000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      ALTER TABLE node_runtime
        ADD core_marker         text,                       -- of the process that counters and core_epoch belong to
        ADD core_uptime_seconds bigint NOT NULL DEFAULT 0,  -- at least this old it was
        ADD user_polls          bigint NOT NULL DEFAULT 0,  -- charged so far
        ADD outbound_polls      bigint NOT NULL DEFAULT 0,
        ADD cursor_outbox       uuid;                       -- what the cursor is a place in
      ALTER TABLE control_meta
        ADD timeline  text,
        ADD outbox_id uuid NOT NULL DEFAULT gen_random_uuid(); -- another one when numbers of transactions begin anew
      UPDATE node_runtime SET cursor_outbox = outbox_id FROM control_meta`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      UPDATE node_runtime SET full_sync_needed = true;
      ALTER TABLE control_meta DROP timeline, DROP outbox_id;
      ALTER TABLE node_runtime
        DROP core_marker, DROP core_uptime_seconds, DROP user_polls, DROP outbound_polls, DROP cursor_outbox`);
  }
}
