import { type Amounts, type Mapped, type Remark, type Table, TABLES, type Verdict } from './remarks.js';
import { MILLION } from './values.js';

/** What became of the rows of a table: `read` is `imported`, `merged`, `dropped` and `refused` together. */
export interface TableCount {
  table: Table;
  read: number;
  imported: number;
  /** Added to another row, which is imported. */
  merged: number;
  /** Of the imported ones. */
  adjusted: number;
  dropped: number;
  refused: number;
}

/** One row, or several that are told of together. */
export interface RemarkLine {
  id: bigint | null;
  name: string | null;
  detail: string | undefined;
  rows: number;
}

export interface RemarkGroup {
  table: Table;
  verdict: Verdict;
  what: string;
  /** Rows of the source. */
  count: number;
  lines: RemarkLine[];
}

/** Exact, in millionths of a byte. */
export interface SumState {
  source: bigint;
  target: bigint;
  /** How much of the difference each reason explains. */
  explained: Map<string, bigint>;
}

/** Keeps the books of an import: every row that is read comes out of it somewhere, with a reason. */
export class Ledger {
  private readonly counts = new Map<Table, TableCount>(
    TABLES.map((table) => [
      table,
      { table, read: 0, imported: 0, merged: 0, adjusted: 0, dropped: 0, refused: 0 },
    ]),
  );
  private readonly groups = new Map<string, RemarkGroup>();
  private readonly sums = new Map<string, SumState>();

  get tables(): TableCount[] {
    return [...this.counts.values()];
  }

  get remarks(): RemarkGroup[] {
    return [...this.groups.values()];
  }

  get totals(): ReadonlyMap<string, SumState> {
    return this.sums;
  }

  get refused(): number {
    return this.tables.reduce((sum, { refused }) => sum + refused, 0);
  }

  /** Books a row that was read; returns it when it is kept. */
  add<T>(table: Table, { row, remarks }: Mapped<T>): T | undefined {
    const count = this.counts.get(table)!;
    count.read++;
    if (row !== undefined) {
      count.imported++;
      if (remarks.some((remark) => remark.table === table && remark.verdict === 'adjusted')) count.adjusted++;
    } else if (remarks.some(({ verdict }) => verdict === 'refused')) count.refused++;
    else count.dropped++;
    this.note(remarks);
    return row;
  }

  /** Books many rows at once; what is missing to `read` is in the remarks, see `drop`. */
  count(table: Table, part: Partial<Omit<TableCount, 'table'>>): void {
    const count = this.counts.get(table)!;
    for (const [name, more] of Object.entries(part) as [keyof typeof part, number][]) count[name] += more;
  }

  /** Books rows that are left out, each with its remark. */
  drop(remarks: readonly Remark[]): void {
    for (const { table, verdict, rows = 1 } of remarks) {
      if (verdict === 'dropped' || verdict === 'refused') this.counts.get(table)![verdict] += rows;
    }
    this.note(remarks);
  }

  note(remarks: readonly Remark[]): void {
    for (const { table, verdict, what, id, name, detail, rows = 1, amounts } of remarks) {
      const key = `${table} ${verdict} ${what}`;
      let group = this.groups.get(key);
      if (!group) this.groups.set(key, (group = { table, verdict, what, count: 0, lines: [] }));
      group.count += rows;
      group.lines.push({ id, name, detail, rows });
      if (amounts) this.explain(`${table}: ${what}`, amounts);
    }
  }

  /** Adds to what was read, in millionths. */
  source(sum: string, amount: bigint): void {
    this.sum(sum).source += amount;
  }

  /** Adds to what is there now, in bytes. */
  target(sum: string, bytes: bigint): void {
    this.sum(sum).target += bytes * MILLION;
  }

  /** What is there now, as it was measured. */
  measured(sum: string, bytes: bigint): void {
    this.sum(sum).target = bytes * MILLION;
  }

  /** Takes over what was booked in another ledger. */
  merge(other: Ledger): void {
    for (const { table, ...counts } of other.tables) this.count(table, counts);
    for (const [key, group] of other.groups) {
      const known = this.groups.get(key);
      if (!known) this.groups.set(key, group);
      else {
        known.count += group.count;
        for (const line of group.lines) known.lines.push(line);
      }
    }
    for (const [name, { source, target, explained }] of other.sums) {
      const sum = this.sum(name);
      sum.source += source;
      sum.target += target;
      for (const [why, amount] of explained) this.explain(why, { [name]: amount });
    }
  }

  explain(why: string, amounts: Amounts): void {
    for (const [name, amount] of Object.entries(amounts)) {
      const { explained } = this.sum(name);
      explained.set(why, (explained.get(why) ?? 0n) + amount);
    }
  }

  private sum(name: string): SumState {
    let sum = this.sums.get(name);
    if (!sum) this.sums.set(name, (sum = { source: 0n, target: 0n, explained: new Map() }));
    return sum;
  }
}
