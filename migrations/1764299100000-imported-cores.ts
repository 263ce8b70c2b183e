import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which nodes may still run a core that counts for the panel they were imported from. The version before knows nothing of it:
 * it starts another core and leaves what that one counted last, as for any node.
 */
export class ImportedCores1764299100000 implements MigrationInterface {
  name = 'ImportedCores1764299100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_runtime ADD COLUMN core_is_imported boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_runtime DROP COLUMN core_is_imported');
  }
}
