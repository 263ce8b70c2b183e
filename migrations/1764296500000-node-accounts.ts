import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What owners of nodes know of the accounts there. Those of the version before leave it as it is. */
export class NodeAccounts1764296500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      ALTER TABLE node_lease
        ADD accounts           int,   -- that the core was last known to have
        ADD account_operations jsonb  -- since its owner took the node`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE node_lease DROP accounts, DROP account_operations');
  }
}
