import { DataSource, type MigrationInterface } from 'typeorm';
import { type Connection, dataSourceOptions } from '../../src/shared/database/data-source.js';
import { migrate, type Migrating } from '../../src/shared/database/migrate.js';

/** Brings a database up to date. TypeORM would let Node load the migrations, which are TypeScript here: only vitest can. */
export async function migrateFromSources(
  connection: Connection,
  migrating: Migrating = { log: () => undefined },
): Promise<void> {
  const options = dataSourceOptions(connection, 2);
  const modules = (await Promise.all(
    (options.migrations as string[]).map((file) => import(/* @vite-ignore */ file)),
  )) as Record<string, new () => MigrationInterface>[];
  const dataSource = new DataSource({
    ...options,
    migrations: modules.flatMap((module) => Object.values(module)),
  });
  await dataSource.initialize();
  await migrate(dataSource, migrating).finally(() => dataSource.destroy());
}
