import { ImportRefused } from '../imports.errors.js';
import { type Source, type SourceRow, TableMissing } from './source.js';

/** The one revision of the schema that is read. */
export const REVISION = '2b231de97dc3';
const READ = `Marzban 0.8.0–0.8.4 (revision ${REVISION})`;

/** Revisions that released versions ended at, and the versions. */
const OLDER = new Map([
  ['671621870b02', '0.1.0'],
  ['5b84d88804a1', '0.2.0–0.2.2'],
  ['fad8b1997c3a', '0.2.3–0.2.6'],
  ['fc01b1520e72', '0.3.0–0.3.2'],
  ['e56f1c781e46', '0.4.0–0.4.1'],
  ['470465472326', '0.4.2–0.4.3'],
  ['5575fe410515', '0.4.4'],
  ['dd725e4d3628', '0.4.5–0.4.9'],
  ['2313cdc30da3', '0.5.0–0.6.0'],
  ['2ea33513efc0', '0.7.0'],
]);
/** Of the branches of a 1.0 that was not finished. */
const NEWER = new Set(['f2b9caa23e16', '4eb0a0eb835f', '68edca039166', '931ed40d6eec', '7a93bcd44713']);

/** All of its tables, but for that of the revision. */
export const TABLES = [
  ...['admins', 'admin_usage_logs', 'jwt', 'tls', 'system', 'inbounds', 'hosts', 'user_templates'],
  ...[
    'template_inbounds_association',
    'nodes',
    'users',
    'proxies',
    'exclude_inbounds_association',
    'next_plans',
  ],
  ...['user_usage_logs', 'notification_reminders', 'node_usages', 'node_user_usages'],
];

/** Looks whether this is a whole database of Marzban 0.8.4. @throws ImportRefused with what to do */
export async function requireMarzban(source: Source): Promise<void> {
  const refusal = refusalOf(await revisionsOf(source));
  if (refusal !== undefined) throw new ImportRefused(refusal);
  await requireWhole(source);
}

/** Why a database with these revisions is not read, and what to do. */
export function refusalOf(revisions: readonly string[] | undefined): string | undefined {
  if (revisions === undefined) {
    return 'This is no database of Marzban: it has no table alembic_version. Give the URL that stands in its .env.';
  }
  const [revision, ...others] = revisions;
  if (revision === undefined) {
    return 'The table alembic_version of this database is empty, as a first start of Marzban leaves it that was cut short: start Marzban once, so that it makes its tables.';
  }
  if (others.length > 0) {
    return `This database has several revisions (${revisions.join(', ')}), as development versions leave them: only ${READ} alone is read. Start Marzban 0.8.4 on it first, and keep a copy of the old one.`;
  }
  if (revision === REVISION) return undefined;
  const version = OLDER.get(revision);
  if (version !== undefined) {
    return `This database is of Marzban ${version} (revision ${revision}). Update Marzban to 0.8.4 first – its own start migrates the database – and keep a copy of the old one.`;
  }
  if (NEWER.has(revision)) {
    return `This database is of an unfinished Marzban 1.0 (revision ${revision}), which has another model: only ${READ} is read.`;
  }
  return `This database has the revision ${revision}, of another panel or of a version of Marzban that is not known here: only ${READ} is read. If it is older than that, update Marzban to 0.8.4 first.`;
}

async function revisionsOf(source: Source): Promise<string[] | undefined> {
  try {
    const rows = await all(source, 'SELECT version_num FROM alembic_version ORDER BY version_num');
    return rows.map((row) => String(row.version_num));
  } catch (error) {
    if (error instanceof TableMissing) return undefined;
    throw error;
  }
}

async function requireWhole(source: Source): Promise<void> {
  const missing: string[] = [];
  for (const table of TABLES) {
    try {
      await all(source, `SELECT 1 AS found FROM \`${table}\` LIMIT 1`);
    } catch (error) {
      if (!(error instanceof TableMissing)) throw error;
      missing.push(table);
    }
  }
  if (missing.length > 0) throw notWhole(`lacks ${missing.join(', ')}`);
  if ((await all(source, 'SELECT id FROM jwt LIMIT 1')).length === 0)
    throw notWhole('has no key of its tokens');
  // SQLite has never minded what belongs to nobody.
  if (source.engine === 'SQLite') return;
  const orphans = await all(
    source,
    'SELECT p.id FROM proxies p LEFT JOIN users u ON u.id = p.user_id WHERE u.id IS NULL AND p.user_id IS NOT NULL LIMIT 1',
  );
  if (orphans.length > 0) throw notWhole('has credentials of users that are not in it');
}

function notWhole(reason: string): ImportRefused {
  return new ImportRefused(
    `This database of Marzban is not whole: it ${reason}. If it was loaded from a dump, load a whole one, to its last line.`,
  );
}

async function all(source: Source, sql: string): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const batch of source.read(sql)) rows.push(...batch);
  return rows;
}
