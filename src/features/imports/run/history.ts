import type { Tx } from '../../../shared/database/database.js';
import { HourBooks } from '../domain/hour-books.js';
import {
  hourOf,
  type HourRules,
  type HourSum,
  idOf,
  mapNodeHour,
  mapUserHour,
  millionthsOf,
  type NodeHour,
  type NodeHourSum,
  Remainders,
  type UserHour,
} from '../domain/hours.js';
import type { ImportsRepository } from '../imports.repository.js';
import type { SourceRow } from '../source/source.js';
import type { TargetUsageRepository } from '../target/target-usage.repository.js';
import { BATCH_ROWS, type ImportRun } from './import-run.js';

const DAY_MS = 86_400_000;
/** No traffic is older or younger than these. */
const [FIRST_DAY, END_DAY] = ['2000-01-01', '2100-01-01'];

export interface HistoryTarget {
  imports: ImportsRepository;
  usage: TargetUsageRepository;
}

const USER_HOURS = /* sql */ `
  SELECT created_at, user_id, node_id,
         SUM(CASE WHEN used_traffic > 0 THEN used_traffic ELSE 0 END) AS used, SUM(used_traffic) AS raw_sum, COUNT(*) AS n
    FROM node_user_usages WHERE created_at >= ? AND created_at < ?
   GROUP BY created_at, user_id, node_id`;

const NODE_HOURS = /* sql */ `
  SELECT created_at, node_id, SUM(CASE WHEN uplink > 0 THEN uplink ELSE 0 END) AS up,
         SUM(CASE WHEN downlink > 0 THEN downlink ELSE 0 END) AS down,
         SUM(uplink) AS raw_up, SUM(downlink) AS raw_down, COUNT(*) AS n
    FROM node_usages WHERE created_at >= ? AND created_at < ? GROUP BY created_at, node_id`;

/**
 * Hourly traffic, each day in a transaction of its own, so that the next run goes on behind the last day that is there.
 * That day itself is written again, as it may have grown. `days` limits it to the last ones.
 */
export class History {
  private readonly remainders = new Remainders();
  private rows = 0;
  private total = 0;
  private hasOddHours = false;

  constructor(
    private readonly run: ImportRun,
    private readonly target: HistoryTarget,
    private readonly rules: HourRules,
  ) {}

  async import(days: number | undefined): Promise<HourBooks> {
    const { run } = this;
    const [oldest, newest] = await this.bounds();
    const wanted = days === undefined ? FIRST_DAY : dayOf(run.at.getTime() - (days - 1) * DAY_MS);
    const { state } = run;
    const isContinued = !!state?.historyThrough && state.historyFrom! <= wanted;
    let books = HourBooks.from(isContinued ? state.history : null);
    const from = isContinued ? state.historyFrom! : wanted;
    if (!isContinued && days !== undefined) await this.leaveOut(books, from);
    if (oldest === undefined || newest === undefined) return books;
    const start = isContinued ? state.historyThrough! : later(from, oldest);
    await this.count(start);
    if (isContinued) await this.recallRemainders(from, start);
    for (
      let day: string | undefined = start;
      day !== undefined && day <= newest;
      day = await this.dayAfter(day)
    ) {
      books = await this.importDay(day, from, books);
    }
    await this.dropImpossible(books);
    return books;
  }

  private async importDay(day: string, from: string, before: HourBooks): Promise<HourBooks> {
    const { run, target } = this;
    const kept = before.toJson();
    const historyEnd = run.state?.historyEnd ?? null;
    const isNew = historyEnd === null || day > historyEnd;
    const rowsBefore = this.rows;
    return run.group(async (tx) => {
      this.rows = rowsBefore;
      const books = HourBooks.from(kept);
      await this.nodeHours(day, books, tx, isNew);
      await this.userHours(day, books, tx, isNew);
      if (tx) await target.imports.noteDay(tx, run.identity.sourceId, { from, through: day, before: kept });
      return books;
    });
  }

  private async userHours(day: string, books: HourBooks, tx: Tx | undefined, isNew: boolean): Promise<void> {
    const { run, target, rules, remainders } = this;
    let batch: UserHour[] = [];
    const flush = async () => {
      if (tx && batch.length > 0) await target.usage.putUserHours(tx, batch, isNew);
      batch = [];
    };
    const take = async (sum: HourSum) => {
      const hour = mapUserHour(sum, rules, books, remainders);
      if (hour && batch.push(hour) >= BATCH_ROWS) await flush();
    };
    const odd = this.hasOddHours ? await this.oddHours(day, books) : new Map<string, HourSum>();
    for await (const rows of run.read(USER_HOURS, [day, next(day)])) {
      for (const row of rows) {
        if (!this.isWholeHour(row)) continue; // it is among the odd ones
        const sum = toHourSum(row)!;
        const others = odd.get(keyOf(sum));
        if (others) {
          odd.delete(keyOf(sum));
          add(sum, others);
        }
        await take(sum);
      }
      this.rows += rows.length;
      run.onProgress('hours of users', this.rows, this.total);
    }
    for (const sum of odd.values()) await take(sum);
    await flush();
  }

  private async nodeHours(day: string, books: HourBooks, tx: Tx | undefined, isNew: boolean): Promise<void> {
    const sums = new Map<string, NodeHourSum>();
    for (const row of await this.run.all(NODE_HOURS, [day, next(day)])) {
      const sum = toNodeHourSum(row);
      const known = sum && sums.get(keyOf(sum));
      if (known) addNodeHour(known, sum);
      else if (sum) sums.set(keyOf(sum), sum);
      else
        bookDropped(books, 'node_usages', IMPOSSIBLE, row, {
          'node_usages.uplink': 'raw_up',
          'node_usages.downlink': 'raw_down',
        });
    }
    const hours: NodeHour[] = [...sums.values()].flatMap((sum) => mapNodeHour(sum, this.rules, books) ?? []);
    if (tx && hours.length > 0) await this.target.usage.putNodeHours(tx, hours, isNew);
  }

  /** Rows of other instants than the start of an hour, or written in another way: they join that of their hour. */
  private async oddHours(day: string, books: HourBooks): Promise<Map<string, HourSum>> {
    const sums = new Map<string, HourSum>();
    const rows = this.run.read(`${USER_HOURS.replace('GROUP BY', 'AND created_at NOT LIKE ? GROUP BY')}`, [
      day,
      next(day),
      this.wholeHours,
    ]);
    for await (const batch of rows) {
      for (const row of batch) {
        const sum = toHourSum(row);
        const known = sum && sums.get(keyOf(sum));
        if (known) add(known, sum);
        else if (sum) sums.set(keyOf(sum), sum);
        else
          bookDropped(books, 'node_user_usages', IMPOSSIBLE, row, {
            'node_user_usages.used_traffic': 'raw_sum',
          });
      }
    }
    return sums;
  }

  private get wholeHours(): string {
    return this.run.source.engine === 'SQLite' ? '%:00:00.000000' : '%:00:00';
  }

  private isWholeHour({ created_at: at }: SourceRow): boolean {
    return String(at).endsWith(this.wholeHours.slice(1));
  }

  /** Fractions of the days that are not read again. */
  private async recallRemainders(from: string, before: string): Promise<void> {
    if (this.run.source.engine !== 'SQLite') return; // the others hold whole numbers
    const fractions = `${USER_HOURS} HAVING used <> CAST(used AS INTEGER)`;
    for await (const rows of this.run.read(fractions, [from, before])) {
      for (const row of rows) {
        const sum = toHourSum(row);
        if (sum) mapUserHour(sum, this.rules, new HourBooks(), this.remainders);
      }
    }
  }

  /** Days before `--usage-days`. */
  private async leaveOut(books: HourBooks, from: string): Promise<void> {
    const what = 'older than the days of --usage-days';
    const [users] = await this.run.all(
      'SELECT COUNT(*) AS n, SUM(used_traffic) AS used FROM node_user_usages WHERE created_at < ?',
      [from],
    );
    bookDropped(books, 'node_user_usages', what, users, { 'node_user_usages.used_traffic': 'used' });
    const [nodes] = await this.run.all(
      'SELECT COUNT(*) AS n, SUM(uplink) AS up, SUM(downlink) AS down FROM node_usages WHERE created_at < ?',
      [from],
    );
    bookDropped(books, 'node_usages', what, nodes, {
      'node_usages.uplink': 'up',
      'node_usages.downlink': 'down',
    });
  }

  /** Rows of instants that are none, which no day has. */
  private async dropImpossible(books: HourBooks): Promise<void> {
    const outside = `WHERE created_at IS NULL OR created_at < '${FIRST_DAY}' OR created_at >= '${END_DAY}'`;
    if (this.run.source.engine !== 'SQLite') return;
    const [users] = await this.run.all(
      `SELECT COUNT(*) AS n, SUM(used_traffic) AS used FROM node_user_usages ${outside}`,
    );
    bookDropped(books, 'node_user_usages', IMPOSSIBLE, users, { 'node_user_usages.used_traffic': 'used' });
    const [nodes] = await this.run.all(
      `SELECT COUNT(*) AS n, SUM(uplink) AS up, SUM(downlink) AS down FROM node_usages ${outside}`,
    );
    bookDropped(books, 'node_usages', IMPOSSIBLE, nodes, {
      'node_usages.uplink': 'up',
      'node_usages.downlink': 'down',
    });
  }

  /** The first and the last day there is anything of. */
  private async bounds(): Promise<[string | undefined, string | undefined]> {
    const days: string[] = [];
    for (const table of ['node_usages', 'node_user_usages']) {
      for (const [end, order] of [
        ['MIN', '>='],
        ['MAX', '>='],
      ] as const) {
        const [row] = await this.run.all(
          `SELECT ${end}(created_at) AS at FROM ${table} WHERE created_at ${order} ? AND created_at < ?`,
          [FIRST_DAY, END_DAY],
        );
        if (row?.at) days.push(String(row.at).slice(0, 10));
      }
    }
    days.sort();
    return [days[0], days.at(-1)];
  }

  /** The next day there is anything of. */
  private async dayAfter(day: string): Promise<string | undefined> {
    const days: string[] = [];
    for (const table of ['node_usages', 'node_user_usages']) {
      const [row] = await this.run.all(
        `SELECT MIN(created_at) AS at FROM ${table} WHERE created_at >= ? AND created_at < ?`,
        [next(day), END_DAY],
      );
      if (row?.at) days.push(String(row.at).slice(0, 10));
    }
    return days.sort()[0];
  }

  private async count(start: string): Promise<void> {
    const [row] = await this.run.all(
      `SELECT COUNT(*) AS n, COUNT(CASE WHEN created_at NOT LIKE ? THEN 1 END) AS odd
         FROM node_user_usages WHERE created_at >= ?`,
      [this.wholeHours, start],
    );
    this.total = Number(row?.n ?? 0);
    this.hasOddHours = Number(row?.odd ?? 0) > 0;
  }
}

const IMPOSSIBLE = 'of a time that is impossible';
const DATE_LENGTH = 10;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, DATE_LENGTH);
const next = (day: string): string => dayOf(Date.parse(`${day}T00:00:00Z`) + DAY_MS);
const later = (a: string, b: string): string => (a > b ? a : b);

const keyOf = ({
  userId = null,
  nodeId,
  hour,
}: {
  userId?: number | null;
  nodeId: number | null;
  hour: number;
}): string => `${hour} ${userId} ${nodeId}`;

function toHourSum(row: SourceRow): HourSum | undefined {
  const hour = hourOf(row.created_at);
  if (hour === undefined) return undefined;
  const [used, raw, rows] = [millionthsOf(row.used), millionthsOf(row.raw_sum), Number(row.n)];
  const faults = row.raw_sum === null || raw !== used ? 1 : 0;
  return { userId: idOf(row.user_id), nodeId: idOf(row.node_id), hour, used, raw, rows, faults };
}

function add(sum: HourSum, other: HourSum): void {
  sum.used += other.used;
  sum.raw += other.raw;
  sum.rows += other.rows;
  sum.faults += other.faults;
}

function toNodeHourSum(row: SourceRow): NodeHourSum | undefined {
  const hour = hourOf(row.created_at);
  if (hour === undefined) return undefined;
  const [uplink, downlink, rawUp, rawDown] = [row.up, row.down, row.raw_up, row.raw_down].map(
    millionthsOf,
  ) as [bigint, bigint, bigint, bigint];
  const isFaulty = row.raw_up === null || row.raw_down === null || rawUp !== uplink || rawDown !== downlink;
  return {
    nodeId: idOf(row.node_id),
    hour,
    uplink,
    downlink,
    rawUp,
    rawDown,
    rows: Number(row.n),
    faults: isFaulty ? 1 : 0,
  };
}

function addNodeHour(sum: NodeHourSum, other: NodeHourSum): void {
  sum.uplink += other.uplink;
  sum.downlink += other.downlink;
  sum.rawUp += other.rawUp;
  sum.rawDown += other.rawDown;
  sum.rows += other.rows;
  sum.faults += other.faults;
}

function bookDropped(
  books: HourBooks,
  table: 'node_usages' | 'node_user_usages',
  what: string,
  row: SourceRow | undefined,
  sums: Record<string, string>,
): void {
  const rows = Number(row?.n ?? 0);
  if (rows === 0) return;
  const amounts = Object.fromEntries(
    Object.entries(sums).map(([sum, column]) => [sum, millionthsOf(row?.[column])]),
  );
  books.read(table, rows);
  for (const [sum, amount] of Object.entries(amounts)) books.source(sum, amount);
  books.dropped(table, what, null, rows, amounts);
}
