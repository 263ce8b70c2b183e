import type { Tx } from '../../../shared/database/database.js';
import { IdSet } from '../domain/id-set.js';
import type { Ledger } from '../domain/ledger.js';
import type { Remark } from '../domain/remarks.js';
import { SUMS } from '../domain/sums.js';
import { mapPlan, mapReminder, mapReset, type TargetReminder } from '../domain/user-parts.js';
import {
  mapUser,
  type MappedUser,
  type SourceUser,
  type TargetUser,
  type UserRules,
} from '../domain/users.js';
import { clip, MILLION, toId } from '../domain/values.js';
import type { ImportsRepository } from '../imports.repository.js';
import type { SourceProxy } from '../domain/proxies.js';
import type { SourceRow } from '../source/source.js';
import type { TargetUserPartsRepository } from '../target/target-user-parts.repository.js';
import type { TargetUsersRepository } from '../target/target-users.repository.js';
import { BATCH_ROWS, type ImportRun } from './import-run.js';

export interface UsersTarget {
  imports: ImportsRepository;
  users: TargetUsersRepository;
  parts: TargetUserPartsRepository;
}

const USERS = /* sql */ `
  SELECT u.id, u.username, u.status, u.used_traffic, u.data_limit, u.data_limit_reset_strategy, u.expire, u.admin_id,
         u.sub_revoked_at, u.sub_updated_at, u.sub_last_user_agent, u.created_at, u.note, u.online_at,
         u.on_hold_expire_duration, u.on_hold_timeout, u.auto_delete_in_days, u.edit_at, u.last_status_change,
         p.id AS proxy_id, p.type AS proxy_type, CAST(p.settings AS CHAR) AS proxy_settings,
         e.proxy_id AS excluded_of, e.inbound_tag AS excluded_tag
    FROM users u
    LEFT JOIN proxies p ON p.user_id = u.id
    LEFT JOIN exclude_inbounds_association e ON e.proxy_id = p.id
   ORDER BY u.id, p.id`;

export interface ImportedUsers {
  ids: IdSet;
  lastId: number;
}

/** Users with their credentials, plans, resets and reminders: one group, as each of them is nothing without the others. */
export async function importUsers(
  run: ImportRun,
  target: UsersTarget,
  rules: UserRules,
): Promise<ImportedUsers> {
  const isFirst = !run.state?.usersAt;
  return run.group(async (tx, books) => {
    const writer = new UserWriter(run, target, tx, books, isFirst);
    const [counted] = await run.all('SELECT COUNT(*) AS rows_there FROM users');
    const total = Number(counted?.rows_there ?? 0);
    for await (const users of inBatches(usersOf(run))) {
      const mapped = users.map((user) => {
        run.bookSource(books, SUMS.used, user.row, 'used_traffic');
        return mapUser(user, rules);
      });
      await writer.write(mapped);
      run.onProgress('users', writer.read, total);
    }
    await writer.end();
    if (writer.removed > 0)
      run.warnings.push(`Users that are no longer at the source were removed here: ${writer.removed}.`);
    await dropOrphans(run, books);
    const { ids } = writer;
    if (tx && !isFirst && !run.mode.isMerge)
      await target.parts.clear(tx, Math.max(writer.lastBefore, writer.lastId));
    await importPlans(run, target, { tx, books, ids });
    await importResets(run, target, { tx, books, ids });
    await importReminders(run, target, { tx, books, ids });
    if (tx) {
      await target.users.settleResets(tx, run.mode.isMerge ? writer.written : undefined);
      await target.imports.noteUsers(tx, run.identity.sourceId);
      const lastUser = Math.max(writer.lastBefore, writer.lastId);
      const leftOut = run.mode.isMerge ? writer.leftOut : [];
      await target.imports.noteWritten(tx, run.identity.sourceId, { lastUser, leftOut });
    }
    return { ids, lastId: Math.max(writer.lastBefore, writer.lastId) };
  });
}

/** Which users a run before has brought here, from its notes: what a merge does once. */
export async function findImported(run: ImportRun): Promise<ImportedUsers> {
  const leftOut = new Set(run.state?.written.leftOut);
  const ids = new IdSet();
  let lastId = 0;
  for await (const rows of run.read('SELECT id FROM users ORDER BY id')) {
    for (const row of rows) {
      lastId = Number(row.id);
      if (!leftOut.has(lastId)) ids.add(lastId);
    }
  }
  return { ids, lastId };
}

/** Writes users batch by batch, in the order of their ids. */
class UserWriter {
  readonly ids = new IdSet();
  /** Of a merge. */
  readonly written: number[] = [];
  readonly leftOut: number[] = [];
  lastId = 0;
  read = 0;
  /** That are at the source no more. */
  removed = 0;

  constructor(
    private readonly run: ImportRun,
    private readonly target: UsersTarget,
    private readonly tx: Tx | undefined,
    private readonly books: Ledger,
    private readonly isFirst: boolean,
  ) {}

  async write(mapped: readonly MappedUser[]): Promise<void> {
    const { tx, target, run } = this;
    const after = this.lastId;
    const rows = mapped.flatMap(({ row }) => (row ? [row] : []));
    const taken = run.mode.isMerge ? await target.users.taken(run.reader(tx), rows) : new Set<number>();
    const users: TargetUser[] = [];
    for (const user of mapped) {
      const kept = this.book(user, taken);
      if (kept) users.push(kept);
      else this.leftOut.push(user.row?.id ?? Number(user.remarks[0]?.id ?? 0));
    }
    this.read += mapped.length;
    this.lastId = Math.max(after, ...rows.map(({ id }) => id));
    if (!tx) return;
    if (!this.isFirst && !run.mode.isMerge) {
      // Those above were made here, and stay while they are in nobody's way.
      const upTo = Math.min(this.lastId, this.lastBefore);
      this.removed += await target.users.removeVanished(tx, users, { after, upTo });
    }
    await target.users.put(tx, users);
    if (run.mode.isMerge) for (const { id } of users) this.written.push(id);
  }

  /** Behind the last user of the source nobody is left. */
  async end(): Promise<void> {
    if (!this.tx || this.isFirst || this.run.mode.isMerge) return;
    this.removed += await this.target.users.removeVanished(this.tx, [], {
      after: this.lastId,
      upTo: this.lastBefore,
    });
  }

  /** The last id of the run before. */
  get lastBefore(): number {
    return this.run.state?.written.lastUser ?? 0;
  }

  private book(user: MappedUser, taken: ReadonlySet<number>): TargetUser | undefined {
    const { books } = this;
    const { row, credentials } = user;
    if (row && taken.has(row.id)) {
      const clash: Remark = {
        table: 'users',
        verdict: 'refused',
        what: 'a user of this name or id is here already: left as it is',
        id: BigInt(row.id),
        name: clip(row.username),
        amounts: { [SUMS.used]: row.usedTraffic * MILLION },
      };
      books.add('users', { row: undefined, remarks: [clash] });
      if (credentials)
        this.dropCredentials(
          credentials.counts.proxies.read,
          credentials.counts.exclusions.read,
          row.username,
        );
      return undefined;
    }
    books.add('users', user);
    if (!row || !credentials) {
      this.dropCredentials(user.rows.proxies, user.rows.exclusions, user.remarks[0]?.name ?? null);
      return undefined;
    }
    books.target(SUMS.used, row.usedTraffic);
    books.count('proxies', credentials.counts.proxies);
    books.count('exclude_inbounds_association', credentials.counts.exclusions);
    books.drop(credentials.remarks);
    this.ids.add(row.id);
    return row;
  }

  private dropCredentials(proxies: number, exclusions: number, name: string | null): void {
    const of = (table: 'proxies' | 'exclude_inbounds_association', rows: number): Remark[] =>
      rows === 0
        ? []
        : [{ table, verdict: 'dropped', what: 'of a user who is left out', id: null, name, rows }];
    this.books.count('proxies', { read: proxies });
    this.books.count('exclude_inbounds_association', { read: exclusions });
    this.books.drop([...of('proxies', proxies), ...of('exclude_inbounds_association', exclusions)]);
  }
}

/** Users one by one, each with its rows put together. */
async function* usersOf(run: ImportRun): AsyncGenerator<SourceUser> {
  let user: { row: SourceRow; proxies: SourceProxy[] } | undefined;
  let tags: (string | null)[] = [];
  for await (const rows of run.read(USERS)) {
    for (const row of rows) {
      if (!user || user.row.id !== row.id) {
        if (user) yield user;
        user = { row, proxies: [] };
      }
      if (row.proxy_id === null) continue;
      if (user.proxies.at(-1)?.row.proxy_id !== row.proxy_id) user.proxies.push({ row, tags: (tags = []) });
      if (row.excluded_of !== null) tags.push(row.excluded_tag === null ? null : String(row.excluded_tag));
    }
  }
  if (user) yield user;
}

async function* inBatches<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < BATCH_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Rows that lead to nobody. */
async function dropOrphans(run: ImportRun, books: Ledger): Promise<void> {
  const drop = (
    table: 'proxies' | 'exclude_inbounds_association',
    what: string,
    rows: readonly SourceRow[],
  ) => {
    books.count(table, { read: rows.length });
    books.drop(
      rows.map((row) => ({
        table,
        verdict: 'dropped',
        what,
        id: toId(row.id),
        name: row.name === null || row.name === undefined ? null : clip(String(row.name)),
      })),
    );
  };
  const proxies = run.read(
    'SELECT p.id, p.type AS name FROM proxies p LEFT JOIN users u ON u.id = p.user_id WHERE u.id IS NULL',
  );
  for await (const rows of proxies) drop('proxies', 'of a user who does not exist', rows);
  const exclusions = run.read(
    `SELECT e.proxy_id AS id, e.inbound_tag AS name FROM exclude_inbounds_association e
       LEFT JOIN proxies p ON p.id = e.proxy_id LEFT JOIN users u ON u.id = p.user_id WHERE u.id IS NULL`,
  );
  for await (const rows of exclusions)
    drop('exclude_inbounds_association', 'of credentials that do not exist', rows);
}

interface Part {
  tx: Tx | undefined;
  books: Ledger;
  ids: IdSet;
}

async function importPlans(run: ImportRun, target: UsersTarget, { tx, books, ids }: Part): Promise<void> {
  let former: number | undefined;
  for await (const rows of run.read('SELECT * FROM next_plans ORDER BY user_id, id')) {
    const plans = rows.flatMap((row) => {
      const plan = books.add('next_plans', mapPlan(row, ids, former));
      if (plan) former = plan.userId;
      return plan ? [plan] : [];
    });
    if (tx) await target.parts.addPlans(tx, plans);
  }
}

async function importResets(run: ImportRun, target: UsersTarget, { tx, books, ids }: Part): Promise<void> {
  for await (const rows of run.read('SELECT * FROM user_usage_logs ORDER BY id')) {
    const resets = rows.flatMap((row) => {
      run.bookSource(books, SUMS.resets, row, 'used_traffic_at_reset');
      const reset = books.add('user_usage_logs', mapReset(row, ids, run.importedAt));
      if (reset) books.target(SUMS.resets, reset.usedTraffic);
      return reset ? [reset] : [];
    });
    if (tx) await target.parts.addResets(tx, resets);
  }
}

async function importReminders(run: ImportRun, target: UsersTarget, { tx, books, ids }: Part): Promise<void> {
  let former: TargetReminder | undefined;
  const newestFirst =
    'SELECT * FROM notification_reminders ORDER BY user_id, type, threshold, created_at DESC, id DESC';
  for await (const rows of run.read(newestFirst)) {
    const reminders = rows.flatMap((row) => {
      const reminder = books.add('notification_reminders', mapReminder(row, ids, former, run.at));
      if (reminder) former = reminder;
      return reminder ? [reminder] : [];
    });
    if (tx) await target.parts.addReminders(tx, reminders);
  }
}
