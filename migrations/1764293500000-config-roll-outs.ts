import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Another core config reaches few nodes at a time, and no further node once one has refused it. */
export class ConfigRollOuts1764293500000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(/* sql */ `
      ALTER TABLE node_runtime
        ADD starting_config_version bigint,  -- that it may change to, and has neither taken nor refused yet
        ADD refusal                 text     -- the core's own words about the version that was tried last`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE node_runtime DROP starting_config_version, DROP refusal');
  }
}
