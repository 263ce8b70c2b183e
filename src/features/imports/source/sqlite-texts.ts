import { isUtf8 } from 'node:buffer';
import type Libsql from 'libsql';

/**
 * Replaces what is no UTF-8 in the texts of a copy, and says where, in sentences. SQLite takes any bytes as a text, and
 * libsql ends the whole process at such a one. Only looked at is what has other characters than printable ASCII.
 */
export function mendTexts(database: Libsql.Database, tables: readonly string[]): string[] {
  const [encoding] = database.prepare('PRAGMA encoding').raw(true).all() as [string][];
  if (encoding?.[0] !== 'UTF-8') return []; // SQLite converts, and what it gives is well-formed
  database.exec('PRAGMA foreign_keys = OFF');
  const remarks: string[] = [];
  for (const table of tables) {
    const columns = columnsOf(database, table);
    if (columns.length === 0) continue;
    const bytes = columns.map(
      (column) => `CASE WHEN ${isSuspect(column)} THEN CAST("${column}" AS BLOB) END`,
    );
    const suspects = database
      .prepare(
        `SELECT rowid, ${bytes.join(', ')} FROM "${table}" WHERE ${columns.map(isSuspect).join(' OR ')}`,
      )
      .raw(true)
      .safeIntegers(true);
    const broken: { row: bigint; column: string; bytes: Buffer }[] = [];
    for (const [row, ...values] of suspects.iterate() as Iterable<[bigint, ...(Buffer | null)[]]>) {
      values.forEach((value, i) => {
        if (value && !isUtf8(value)) broken.push({ row, column: columns[i]!, bytes: Buffer.from(value) });
      });
    }
    for (const { row, column, bytes: value } of broken) {
      replace(database, table, column, row, value);
      remarks.push(`${table}, row ${row}: ${column} is no UTF-8; what cannot be read of it is �.`);
    }
  }
  return remarks;
}

function columnsOf(database: Libsql.Database, table: string): string[] {
  const names = database.prepare('SELECT CAST(name AS BLOB) FROM pragma_table_info(?)').raw(true).all(table);
  return (names as [Buffer][]).map(([name]) => name.toString('utf8'));
}

const isSuspect = (column: string): string =>
  `(typeof("${column}") = 'text' AND "${column}" GLOB '*[^ -~]*')`;

function replace(database: Libsql.Database, table: string, column: string, row: bigint, bytes: Buffer): void {
  const update = database.prepare(`UPDATE "${table}" SET "${column}" = ? WHERE rowid = ?`);
  try {
    update.run(bytes.toString('utf8'), row);
  } catch {
    update.run(bytes.toString('latin1'), row); // another one of a unique column became the same
  }
}
