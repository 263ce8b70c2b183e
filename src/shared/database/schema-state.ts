import { DataSource } from 'typeorm';
import { type Connection, dataSourceOptions, direct } from './data-source.js';

/** What of the schema is there, by the names of migrations. */
export interface SchemaState {
  applied: number;
  /** Known to this program, and not applied. */
  missing: string[];
  /** Applied by another version, and not known to this one. */
  unknown: string[];
  /** Whether a service has ever worked with it. */
  isInUse: boolean;
}

/** How the database's schema and this program's stand to each other; nothing is changed. */
export async function readSchema(connection: Connection): Promise<SchemaState> {
  const dataSource = new DataSource(dataSourceOptions(direct(connection), 1));
  await dataSource.initialize();
  try {
    const known = dataSource.migrations.map(({ name, constructor }) => name ?? constructor.name);
    const applied = await appliedMigrations(dataSource);
    return {
      applied: applied.length,
      missing: known.filter((name) => !applied.includes(name)),
      unknown: applied.filter((name) => !known.includes(name)),
      isInUse: await hasSecrets(dataSource),
    };
  } finally {
    await dataSource.destroy();
  }
}

async function appliedMigrations(dataSource: DataSource): Promise<string[]> {
  const [table] = await dataSource.query<{ exists: boolean }[]>(
    `SELECT to_regclass('migrations') IS NOT NULL AS exists`,
  );
  if (!table?.exists) return [];
  const rows = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}

/** A service makes its keys before anything else. */
async function hasSecrets(dataSource: DataSource): Promise<boolean> {
  const [table] = await dataSource.query<{ exists: boolean }[]>(
    `SELECT to_regclass('secrets') IS NOT NULL AS exists`,
  );
  if (!table?.exists) return false;
  const [row] = await dataSource.query<{ exists: boolean }[]>(
    'SELECT EXISTS (SELECT FROM secrets) AS exists',
  );
  return row!.exists;
}
