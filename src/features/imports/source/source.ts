/** A value as the driver of the source gave it: whole numbers are `bigint` (SQLite) or, when large, digits (MySQL). */
export type SourceValue = string | number | bigint | null;

/** By the name of the column: their order differs between installations. */
export type SourceRow = Readonly<Record<string, SourceValue>>;

/** A database of Marzban, only ever read, and seen as it was at one moment. */
export interface Source {
  readonly engine: 'SQLite' | 'MySQL' | 'MariaDB';
  /** For people, without a password. */
  readonly description: string;
  /** Size of the database; undefined where it cannot be asked. */
  readonly bytes: bigint | undefined;
  /** What had to be mended before it could be read, in sentences; the values are given as they were mended. */
  readonly remarks: readonly string[];
  /**
   * The rows of a statement, in batches; one statement at a time. Its SQL is what all engines read alike: names that are
   * words of a language in backticks (`system`, `key`), JSON as `CAST(settings AS CHAR)`, `?` for parameters.
   * @throws TableMissing, ImportRefused
   */
  read(sql: string, parameters?: readonly (string | number)[]): AsyncIterable<readonly SourceRow[]>;
  /** Ends the view and removes what was made for it. */
  close(): Promise<void>;
}

/** What a statement names is not there. */
export class TableMissing extends Error {}

/** In a batch; the last has fewer. */
export const BATCH_ROWS = 5000;

/** A row of values under the names of its columns. Bytes, which SQLite lets be in any column, are read as text. */
export function named(names: readonly string[], values: readonly (SourceValue | Buffer)[]): SourceRow {
  const row: Record<string, SourceValue> = {};
  for (let i = 0; i < names.length; i++) {
    const value = values[i]!;
    row[names[i]!] = typeof value === 'object' && value !== null ? value.toString('utf8') : value;
  }
  return row;
}
