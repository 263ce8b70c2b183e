import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When each job is due, who runs it, and what came of it. `job_lease` stays for replicas of the version before, and the two
 * do not know of each other: while both versions run, a job may run in each, which all jobs of that version can bear.
 */
export class Jobs1764294000000 implements MigrationInterface {
  name = 'Jobs1764294000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE jobs (
        name             text PRIMARY KEY,
        interval_seconds integer NOT NULL,
        due_at           timestamptz NOT NULL,
        -- Null unless it runs; one that runs and whose lease is over was given up by a replica that died.
        holder           uuid,
        fence            bigint NOT NULL DEFAULT 0,
        expires_at       timestamptz NOT NULL DEFAULT '-infinity',
        started_at       timestamptz,
        finished_at      timestamptz,
        succeeded_at     timestamptz,
        duration         double precision, -- seconds
        outcome          jsonb,
        error            text,
        failures         integer NOT NULL DEFAULT 0
      ) WITH (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE jobs');
  }
}
