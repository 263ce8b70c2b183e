import type { Ledger } from './ledger.js';
import type { Amounts, Remark, Table } from './remarks.js';
import { hoursOf, SUMS } from './sums.js';
import { MILLION } from './values.js';

export type HourTable = 'node_usages' | 'node_user_usages';

interface Counts {
  read: number;
  imported: number;
  merged: number;
  adjusted: number;
}

/** What is told of all rows of one user or node together: there are too many for a line each. */
interface Line {
  rows: number;
  amounts: Record<string, bigint>;
}

/** The bytes of users on one core: `written` in bytes, the others in millionths. */
interface CoreBytes {
  read: bigint;
  /** Of rows that are kept, without what is no number of bytes. */
  used: bigint;
  /** What is no number of bytes. */
  faulty: bigint;
  written: bigint;
}

const FRACTIONS =
  'fractions of a byte, carried to the next hour of the same user and node: less than one is left of each';
export const FAULTS = 'hours without a number, or with one below 0: 0';

/** So many of a kind are named when the books are kept for the next run. */
const KEPT_LINES = 1000;

/** The books of hourly traffic, which outlive a run: the next one goes on with them where this one ended. */
export class HourBooks {
  private readonly counts: Record<HourTable, Counts> = { node_usages: none(), node_user_usages: none() };
  private readonly sources = new Map<string, bigint>();
  private readonly targets = new Map<string, bigint>();
  private readonly explained = new Map<string, Map<string, bigint>>();
  /** By the id of the node in the source. */
  private readonly cores = new Map<number | null, CoreBytes>();
  /** By table, verdict and reason; then by user or node. */
  private readonly lines = new Map<string, Map<string, Line>>();
  lastUser = 0;
  lastNode = 0;

  read(table: HourTable, rows: number): void {
    this.counts[table].read += rows;
  }

  /** Rows that became one. */
  imported(table: HourTable, rows: number, isAdjusted: boolean): void {
    const counts = this.counts[table];
    counts.imported++;
    counts.merged += rows - 1;
    if (isAdjusted) counts.adjusted++;
  }

  /** To be added to. */
  bytesOf(nodeId: number | null): CoreBytes {
    let bytes = this.cores.get(nodeId);
    if (!bytes) this.cores.set(nodeId, (bytes = { read: 0n, used: 0n, faulty: 0n, written: 0n }));
    return bytes;
  }

  source(sum: string, amount: bigint): void {
    this.sources.set(sum, (this.sources.get(sum) ?? 0n) + amount);
  }

  target(sum: string, bytes: bigint): void {
    this.targets.set(sum, (this.targets.get(sum) ?? 0n) + bytes);
  }

  explain(why: string, amounts: Amounts): void {
    let known = this.explained.get(why);
    if (!known) this.explained.set(why, (known = new Map()));
    for (const [sum, amount] of Object.entries(amounts)) known.set(sum, (known.get(sum) ?? 0n) + amount);
  }

  dropped(table: HourTable, what: string, id: number | null, rows: number, amounts: Amounts): void {
    const line = this.line(`${table}|dropped|${what}`, id);
    line.rows += rows;
    for (const [sum, amount] of Object.entries(amounts))
      line.amounts[sum] = (line.amounts[sum] ?? 0n) + amount;
  }

  adjusted(table: HourTable, what: string, id: number | null, rows: number): void {
    this.line(`${table}|adjusted|${what}`, id).rows += rows;
  }

  /** Ids that must not be given to others. */
  saw(userId: number | null, nodeId: number | null): void {
    if (userId !== null && userId > this.lastUser) this.lastUser = userId;
    if (nodeId !== null && nodeId > this.lastNode) this.lastNode = nodeId;
  }

  /** Whether there is anything in it. */
  get rows(): number {
    return this.counts.node_usages.read + this.counts.node_user_usages.read;
  }

  closeInto(ledger: Ledger): void {
    for (const table of ['node_usages', 'node_user_usages'] as const) ledger.count(table, this.counts[table]);
    for (const [sum, amount] of this.sources) ledger.source(sum, amount);
    for (const [sum, bytes] of this.targets) ledger.target(sum, bytes);
    for (const [nodeId, { read, used, faulty, written }] of this.cores) {
      for (const sum of [SUMS.hours, hoursOf(nodeId)]) {
        ledger.source(sum, read);
        ledger.target(sum, written);
        ledger.explain(FRACTIONS, { [sum]: used - written * MILLION });
        ledger.explain(FAULTS, { [sum]: faulty });
      }
    }
    for (const [why, amounts] of this.explained) ledger.explain(why, Object.fromEntries(amounts));
    for (const [key, lines] of this.lines) {
      const [table, verdict, what] = key.split('|') as [Table, 'dropped' | 'adjusted', string];
      const remarks = [...lines].map(([id, { rows, amounts }]): Remark => ({
        table,
        verdict,
        what,
        id: /^\d+$/.test(id) ? BigInt(id) : null,
        name: /^\d+$/.test(id) ? null : id,
        rows,
        amounts,
      }));
      ledger.drop(remarks);
    }
  }

  toJson(): object {
    const texts = (amounts: Iterable<[string, bigint]>) =>
      Object.fromEntries([...amounts].map(([k, v]) => [k, String(v)]));
    return {
      counts: this.counts,
      sources: texts(this.sources),
      targets: texts(this.targets),
      explained: Object.fromEntries([...this.explained].map(([why, amounts]) => [why, texts(amounts)])),
      cores: [...this.cores].map(([nodeId, bytes]) => ({ nodeId, bytes: texts(Object.entries(bytes)) })),
      lines: Object.fromEntries(
        [...this.lines].map(([key, lines]) => [
          key,
          Object.fromEntries(
            [...shortened(lines)].map(([id, { rows, amounts }]) => [
              id,
              { rows, amounts: texts(Object.entries(amounts)) },
            ]),
          ),
        ]),
      ),
      lastUser: this.lastUser,
      lastNode: this.lastNode,
    };
  }

  /** @param json what `toJson` gave */
  static from(json: object | null): HourBooks {
    const books = new HourBooks();
    if (json === null) return books;
    const kept = json as {
      counts: Record<HourTable, Counts>;
      sources: Record<string, string>;
      targets: Record<string, string>;
      explained: Record<string, Record<string, string>>;
      cores: { nodeId: number | null; bytes: Record<keyof CoreBytes, string> }[];
      lines: Record<string, Record<string, { rows: number; amounts: Record<string, string> }>>;
      lastUser: number;
      lastNode: number;
    };
    const numbers = (texts: Record<string, string>) =>
      Object.entries(texts).map(([k, v]) => [k, BigInt(v)] as const);
    for (const table of ['node_usages', 'node_user_usages'] as const)
      Object.assign(books.counts[table], kept.counts[table]);
    for (const [sum, amount] of numbers(kept.sources)) books.sources.set(sum, amount);
    for (const [sum, bytes] of numbers(kept.targets)) books.targets.set(sum, bytes);
    for (const [why, amounts] of Object.entries(kept.explained))
      books.explained.set(why, new Map(numbers(amounts)));
    for (const { nodeId, bytes } of kept.cores)
      Object.assign(books.bytesOf(nodeId), Object.fromEntries(numbers(bytes)));
    for (const [key, lines] of Object.entries(kept.lines)) {
      const read = Object.entries(lines).map(
        ([id, { rows, amounts }]) => [id, { rows, amounts: Object.fromEntries(numbers(amounts)) }] as const,
      );
      books.lines.set(key, new Map(read));
    }
    books.lastUser = kept.lastUser;
    books.lastNode = kept.lastNode;
    return books;
  }

  private line(key: string, id: number | null): Line {
    let lines = this.lines.get(key);
    if (!lines) this.lines.set(key, (lines = new Map()));
    const name = id === null ? 'nobody' : String(id);
    let line = lines.get(name);
    if (!line) lines.set(name, (line = { rows: 0, amounts: {} }));
    return line;
  }
}

const none = (): Counts => ({ read: 0, imported: 0, merged: 0, adjusted: 0 });

/** The rest as one line. */
function shortened(lines: ReadonlyMap<string, Line>): Map<string, Line> {
  if (lines.size <= KEPT_LINES) return new Map(lines);
  const all = [...lines];
  const rest: Line = { rows: 0, amounts: {} };
  for (const [, { rows, amounts }] of all.slice(KEPT_LINES)) {
    rest.rows += rows;
    for (const [sum, amount] of Object.entries(amounts))
      rest.amounts[sum] = (rest.amounts[sum] ?? 0n) + amount;
  }
  return new Map([...all.slice(0, KEPT_LINES), ['others', rest]]);
}
