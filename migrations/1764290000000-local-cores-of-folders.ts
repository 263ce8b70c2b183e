import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A local core belongs to the data folder it runs in, so that there may be several. The node there is has no folder yet:
 * the first one to ask takes it, with its history. The version before goes on working, but knows one local core only.
 */
export class LocalCoresOfFolders1764290000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE nodes ADD COLUMN data_dir_id uuid');
    await runner.query('DROP INDEX nodes_local');
    await runner.query("CREATE UNIQUE INDEX nodes_local ON nodes (data_dir_id) WHERE kind = 'local'");
    // A node that is not to run and was seen to stop: until now nobody noted that.
    await runner.query(`
      UPDATE node_runtime r SET applied_generation = n.generation
        FROM nodes n
       WHERE n.id = r.node_id AND n.kind <> 'local' AND (n.status = 'disabled' OR n.deleted_at IS NOT NULL)
         AND n.last_status_change < now() - interval '1 day'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      "DELETE FROM nodes WHERE kind = 'local' AND id > (SELECT min(id) FROM nodes WHERE kind = 'local')",
    );
    await runner.query('DROP INDEX nodes_local');
    await runner.query("CREATE UNIQUE INDEX nodes_local ON nodes ((true)) WHERE kind = 'local'");
    await runner.query('ALTER TABLE nodes DROP COLUMN data_dir_id');
  }
}
