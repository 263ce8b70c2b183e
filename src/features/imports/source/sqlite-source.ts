import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type Libsql from 'libsql';
import { ImportRefused } from '../imports.errors.js';
import { TABLES } from './revisions.js';
import { type CopyOptions, copySqlite, noDatabase } from './sqlite-copy.js';
import { BATCH_ROWS, named, type Source, type SourceRow, type SourceValue, TableMissing } from './source.js';
import { mendTexts } from './sqlite-texts.js';

const CORRUPT = 11;
const FULL = 13;
const NO_DATABASE = 26;

/** A database of Marzban on SQLite, read from a copy. */
export class SqliteSource implements Source {
  readonly engine = 'SQLite';

  private constructor(
    private readonly database: Libsql.Database,
    private readonly file: string,
    readonly bytes: bigint,
    readonly remarks: readonly string[],
    private readonly signal: AbortSignal | undefined,
  ) {}

  get description(): string {
    return `SQLite, ${this.file}`;
  }

  /** Copies the file and opens the copy. @throws ImportRefused */
  static async open(file: string, options: CopyOptions = {}): Promise<SqliteSource> {
    const folder = await mkdtemp(join(tmpdir(), 'margrave-import-'));
    try {
      const copy = await copySqlite(file, folder, options);
      const { database, remarks } = await recover(file, copy);
      const { size } = await stat(copy, { bigint: true });
      return new SqliteSource(database, file, size, remarks, options.signal);
    } finally {
      // The copy holds everything that is secret, and it is large. It stays open without a name: whatever becomes of
      // this process, nothing is left of it.
      await rm(folder, { recursive: true, force: true });
    }
  }

  async *read(
    sql: string,
    parameters: readonly (string | number)[] = [],
  ): AsyncGenerator<readonly SourceRow[]> {
    this.signal?.throwIfAborted();
    try {
      const statement = this.database.prepare(sql).raw(true).safeIntegers(true);
      const names = statement.columns().map((column) => column.name);
      let batch: SourceRow[] = [];
      for (const values of statement.iterate(...parameters) as Iterable<(SourceValue | Buffer)[]>) {
        batch.push(named(names, values));
        if (batch.length < BATCH_ROWS) continue;
        yield batch;
        batch = [];
        await breathe();
        this.signal?.throwIfAborted();
      }
      if (batch.length > 0) yield batch;
    } catch (error) {
      throw explained(this.file, error);
    }
  }

  async close(): Promise<void> {
    if (this.database.open) this.database.close();
  }
}

/** Opens the copy, so that SQLite puts back what was not committed and takes in its log, and looks whether it is whole. */
async function recover(
  file: string,
  copy: string,
): Promise<{ database: Libsql.Database; remarks: string[] }> {
  const { default: Database } = await import('libsql');
  const database = new Database(copy);
  try {
    database.prepare('SELECT count(*) FROM sqlite_master').all();
    // Afterwards all of it is in the one file.
    database.prepare('PRAGMA journal_mode = DELETE').all();
    const [fault] = database.prepare('PRAGMA quick_check(1)').raw(true).all() as [string][];
    // What else it finds are values that a column should not hold: not all of those are worth no import.
    if (fault?.[0].startsWith('***')) throw damaged(file, fault[0]);
    return { database, remarks: mendTexts(database, [...TABLES, 'alembic_version']) };
  } catch (error) {
    database.close();
    throw explained(file, error);
  }
}

function explained(file: string, error: unknown): unknown {
  const { rawCode, message } = error as { rawCode?: number; message: string };
  if (message.startsWith('no such table')) return new TableMissing(message);
  switch ((rawCode ?? 0) % 256) {
    case NO_DATABASE:
      return noDatabase(file);
    case CORRUPT:
      return damaged(file, message);
    case FULL:
      return new ImportRefused(`No room is left in ${tmpdir()}: set TMPDIR to a folder with more of it.`);
    default:
      return error;
  }
}

function damaged(file: string, reason: string): ImportRefused {
  return new ImportRefused(
    `${file} is damaged or not all of it (${reason.replaceAll(/\s+/g, ' ')}): take a whole copy, or have sqlite3's .recover make one.`,
  );
}
