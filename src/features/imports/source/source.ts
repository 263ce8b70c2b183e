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
  /**
   * The rows of a statement, in batches; one statement at a time. Its SQL is what all engines read alike: names without
   * quotes, JSON as `CAST(settings AS CHAR)`, `?` for parameters.
   */
  read(sql: string, parameters?: readonly (string | number)[]): AsyncIterable<readonly SourceRow[]>;
  /** Ends the view and removes what was made for it. */
  close(): Promise<void>;
}
