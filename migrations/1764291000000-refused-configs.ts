import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A config that a core refused at its start is tried again, with growing pauses that outlast their owner. */
export class RefusedConfigs1764291000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(/* sql */ `
      ALTER TABLE node_runtime
        ADD refusals         int NOT NULL DEFAULT 0,            -- of the wanted config, one after the other
        ADD retry_refused_at timestamptz                        -- null: at once`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE node_runtime DROP refusals, DROP retry_refused_at');
  }
}
