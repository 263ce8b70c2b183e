import type { Queryable, Tx } from '../../../shared/database/database.js';
import { ImportRefused } from '../imports.errors.js';
import type { ImportsRepository, ImportState } from '../imports.repository.js';
import { garbageCollector } from './collect-garbage.js';
import { Ledger } from '../domain/ledger.js';
import { millionthsOf } from '../domain/hours.js';
import type { Source, SourceRow } from '../source/source.js';

export const BATCH_ROWS = 5_000;
/** Batches of rows; their garbage is then some tens of megabytes. */
const COLLECT_EVERY = 4;

/** Told of what is being done: rows of the source so far, and of all. */
export type OnProgress = (step: string, rows: number, of: number | undefined) => void;

/** What a run is to do. */
export interface RunMode {
  isDry: boolean;
  isMerge: boolean;
}

/** One run of an import: what its steps share. */
export class ImportRun {
  readonly ledger = new Ledger();
  readonly warnings: string[] = [];
  private readonly collect = garbageCollector();
  private batches = 0;

  constructor(
    readonly source: Source,
    readonly mode: RunMode,
    /** Of the installation that is imported. */
    readonly identity: { sourceId: string; secret: string },
    /** Of runs before; undefined without any. */
    readonly state: ImportState | undefined,
    /** When it began, by the target's clock. */
    readonly at: Date,
    private readonly repository: ImportsRepository | undefined,
    private readonly db: Queryable | undefined,
    private readonly signal: AbortSignal | undefined,
    readonly onProgress: OnProgress,
  ) {}

  /** Stands for times that are missing: the same in all runs. */
  get importedAt(): Date {
    return this.state?.firstAt ?? this.at;
  }

  /**
   * One group of tables, all of it or none: in a transaction, or in a dry run without one. What is booked counts when it is
   * written.
   */
  async group<T>(work: (tx: Tx | undefined, books: Ledger) => Promise<T>): Promise<T> {
    this.goOn();
    const once = async (tx: Tx | undefined) => {
      const books = new Ledger();
      return { result: await work(tx, books), books };
    };
    const writer = this.mode.isDry ? undefined : this.repository;
    if (writer) await requireAlone(writer);
    const { result, books } = writer ? await writer.write(once) : await once(undefined);
    this.ledger.merge(books);
    return result;
  }

  /** Reads of the target, where nothing is written yet. */
  reader(tx: Tx | undefined): Queryable {
    return tx ?? this.db!;
  }

  /** All rows of a statement that has few. */
  async all(sql: string, parameters: readonly (string | number)[] = []): Promise<SourceRow[]> {
    const rows: SourceRow[] = [];
    for await (const batch of this.read(sql, parameters)) for (const row of batch) rows.push(row);
    return rows;
  }

  /** Batches of rows. @throws the reason of whoever stopped it */
  async *read(
    sql: string,
    parameters: readonly (string | number)[] = [],
  ): AsyncGenerator<readonly SourceRow[]> {
    for await (const batch of this.source.read(sql, parameters)) {
      this.goOn();
      yield batch;
      if (++this.batches % COLLECT_EVERY === 0) this.collect();
    }
  }

  /** The exact value of a column, in the books. */
  bookSource(books: Ledger, sum: string, row: SourceRow | undefined, column: string): void {
    books.source(sum, millionthsOf(row?.[column]));
  }

  goOn(): void {
    this.signal?.throwIfAborted();
  }
}

/** A service that starts meanwhile would take what is there for everything. @throws ImportRefused */
export async function requireAlone(repository: ImportsRepository): Promise<void> {
  const [name] = await repository.liveReplicas();
  if (name === undefined) return;
  throw new ImportRefused(
    `Margrave is running on this database (${name}): stop it first, since it keeps keys and the core config as they were at its start. ` +
      'If it was killed, wait 15 seconds.',
  );
}
