/** One array for each column of `rows`, as `unnest` takes them. */
export function columnsOf<T>(rows: readonly T[], ...columns: ((row: T) => unknown)[]): unknown[][] {
  return columns.map((column) => rows.map(column));
}
