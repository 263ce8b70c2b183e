import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a core was about to be started for, until that is noted of it: the marker of that process and all that is to be noted. */
export class IntendedStarts1764296000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_runtime ADD intended_start jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_runtime DROP intended_start');
  }
}
