import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which database and which tables the outbox was in: a dump that is restored on the same server is seen by that. What is
 * unknown counts as another one, for it may be a dump of the version before; the nodes are compared once. That version goes
 * on by what it knows.
 */
export class RestoredDatabases1764297000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE control_meta ADD home text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE control_meta DROP home');
  }
}
