import { performance } from 'node:perf_hooks';
import { groupBy } from '../../../shared/domain/group-by.js';
import { inParallel } from '../../../shared/scheduling/in-parallel.js';
import { Shares } from '../../../shared/scheduling/shares.js';
import { accountFor } from '../../../xray/config/index.js';
import { coreEmail, type Account, type CoreUser, type ResolvedInbound } from '../../../xray/config/types.js';
import { CoreError } from '../../../xray/grpc/index.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import { retryAfterSeconds } from '../domain/backoff.js';
import type { Cursor, UserChange } from '../domain/change-cursor.js';
import { isAfter } from '../domain/change-cursor.js';
import type { AccountOperations } from '../domain/account-operations.js';
import { planAccount } from '../domain/plan.js';
import type { Difference } from './audit.js';

/** Calls in flight to one core. */
const CONCURRENCY = 64;
/**
 * Of many changes on many nodes, all calls at once would be tens of thousands: each some tens of kilobytes until it is answered,
 * and seconds in which nobody else is served. However many nodes are at work, none of them waits for another.
 */
const calls = new Shares(512, 4, CONCURRENCY);
/** Users per round at most, and how long a round lasts at a slow core: then newer changes and polls get their turn. */
const ROUND = 1_000;
const ROUND_MS = 250;
/** Changes that come in greater numbers are a bulk and wait for those that come alone. */
const MAX_URGENT = 100;
/** A classic shadowsocks inbound may hold several copies of one user; more than these are none of ours. */
const MAX_COPIES = 8;
const MAX_RETRY_SECONDS = 30;
/** What cores say of accounts that are as they should be, or of calls that we have given up. */
const NO_FAILURES: ReadonlySet<CoreError['code']> = new Set(['user_exists', 'user_not_found', 'aborted']);

interface DirtyUser {
  /** Names the core may know the user by. */
  emails: Set<string>;
  /** Place of the oldest change not applied yet; undefined for what an audit found. */
  since: Cursor | undefined;
  /** Found to differ: what is there is replaced even where it looks right, since a copy of it may not be. */
  rebuild: boolean;
  isUrgent: boolean;
  failures: number;
  retryAt: number;
  /** Credentials that the core forgets with what it removes of him, for those who share them too. */
  released: string[];
}

/** What the sync asks of its surroundings. */
export interface UserSyncParts {
  connection: CoreConnection;
  /** The managed inbounds of the config that runs on the node. */
  inbounds: readonly ResolvedInbound[];
  operations: AccountOperations;
  /** Those of the given users that may have accounts now. */
  findUsers(ids: number[]): Promise<CoreUser[]>;
  /** Users who have these credentials now. */
  findSharers(credentials: string[]): Promise<{ credential: string; id: number }[]>;
  /** @throws when this process may not act on the node any more */
  assertOwner(): void;
  onFailure(userId: number, error: CoreError): void;
}

/**
 * Brings the accounts of changed users on one core to what they should be: the operations of one user one after the
 * other, many users side by side, a failing one again later. Each time from the present state of the database, so
 * that repetition does no harm.
 */
export class UserSync {
  private readonly dirty = new Map<number, DirtyUser>();
  /** Removals of which another copy may be left, by inbound and email. */
  private readonly unconfirmed = new Map<string, { inbound: ResolvedInbound; email: string }>();
  /** Applied, but those who share their credentials are still to be found. */
  private released: (Pick<DirtyUser, 'released' | 'since'> & { userId: number })[] = [];
  private readTo: Cursor;
  private canList = true;

  constructor(
    private readonly parts: UserSyncParts,
    from: Cursor,
    /** That the core has, as far as is known. */
    public accounts: number | null = null,
  ) {
    this.readTo = from;
  }

  get inbounds(): readonly ResolvedInbound[] {
    return this.parts.inbounds;
  }

  get pending(): number {
    return this.dirty.size + this.released.length;
  }

  /** Up to where every change is applied. */
  get appliedTo(): Cursor {
    let applied = this.readTo;
    for (const waiting of [this.dirty.values(), this.released]) {
      for (const { since } of waiting) if (since && isAfter(applied, since)) applied = since;
    }
    return applied;
  }

  /** Adds changes that lie between two places of the outbox. */
  take(changes: readonly UserChange[], from: Cursor, to: Cursor): void {
    const isUrgent = changes.length <= MAX_URGENT;
    for (const { userId, email, released } of changes) {
      const user = this.add(userId, from);
      user.emails.add(email);
      user.isUrgent ||= isUrgent;
      if (released) user.released.push(...released);
    }
    this.readTo = to;
  }

  /** Adds a user in whom the core was found to differ. */
  addDifference({ userId, email, released }: Difference): void {
    const user = this.add(userId, undefined);
    user.emails.add(email);
    user.released.push(...released);
    user.rebuild = true;
  }

  /** Whether the core was found to differ in the user, and he waits to be applied. */
  isDifferent(userId: number): boolean {
    return this.dirty.get(userId)?.rebuild ?? false;
  }

  /** How many there are of these. */
  get differing(): number {
    let count = 0;
    for (const { rebuild } of this.dirty.values()) if (rebuild) count++;
    return count;
  }

  /** Whether a user is waiting for {@link applyDue} at `now` (milliseconds of a monotonic clock). */
  isDue(now: number): boolean {
    for (const user of this.dirty.values()) if (user.retryAt <= now) return true;
    return this.unconfirmed.size + this.released.length > 0;
  }

  /** Applies what is due, at most a round of users. @throws CoreError when the core as a whole cannot be reached */
  async applyDue(now: number, signal: AbortSignal): Promise<void> {
    if (this.isDue(now)) await calls.during(() => this.applyRound(now, signal));
  }

  private async applyRound(now: number, signal: AbortSignal): Promise<void> {
    if (this.released.length > 0) await this.addSharers();
    const due: [number, DirtyUser][] = [];
    for (const isUrgent of [true, false]) {
      for (const entry of this.dirty) {
        if (due.length === ROUND) break;
        if (entry[1].retryAt <= now && entry[1].isUrgent === isUrgent) due.push(entry);
      }
    }
    if (due.length === 0) return this.confirmRemovals(signal);
    for (const [userId] of due) this.dirty.delete(userId); // a change during the round puts it back
    const found = await this.parts.findUsers(due.map(([userId]) => userId)).catch((error: unknown) => {
      for (const [userId, user] of due) this.putBack(userId, user);
      throw error;
    });
    const users = new Map(found.map((user) => [user.id, user]));
    const end = performance.now() + ROUND_MS;
    let lost: unknown;
    await inParallel(due, calls.each, async ([userId, user]) => {
      if (performance.now() > end) return this.putBack(userId, user);
      try {
        if (lost !== undefined) throw lost;
        await this.apply(user, users.get(userId), signal);
        const { released, since } = user;
        if (released.length > 0) this.released.push({ userId, released, since });
      } catch (error) {
        const isLocal = error instanceof CoreError && !error.isConnection && error.code !== 'aborted';
        if (!isLocal) lost ??= error;
        if (isLocal) {
          user.failures++;
          const wait = Math.min(MAX_RETRY_SECONDS, retryAfterSeconds(user.failures, Math.random()));
          user.retryAt = now + wait * 1000;
          this.parts.onFailure(userId, error);
        }
        this.putBack(userId, user);
      }
    });
    if (lost !== undefined) throw lost;
  }

  /**
   * Adds those anew who lost what others were removed with. They are looked for after the removal: whoever gets the credential
   * later than that is added later too. Who is changed himself has on each inbound what he should, and is left there.
   */
  private async addSharers(): Promise<void> {
    const from = this.released;
    const sharers = await this.parts.findSharers(from.flatMap(({ released }) => released));
    this.released = [];
    const lostBy = groupBy(
      from.flatMap(({ userId, released }) => released.map((credential) => ({ userId, credential }))),
      ({ credential }) => credential,
    );
    const since = from.reduce<Cursor | undefined>((oldest, user) => older(oldest, user.since), undefined);
    for (const { credential, id } of sharers) {
      if (lostBy.get(credential)!.every(({ userId }) => userId === id)) continue;
      const user = this.add(id, since);
      user.rebuild = true;
      user.isUrgent = true;
    }
  }

  /** Looks for further copies only after everything else: each look costs a core with many users a lot. */
  private async confirmRemovals(signal: AbortSignal): Promise<void> {
    const removals = [...this.unconfirmed].slice(0, CONCURRENCY);
    await inParallel(removals, calls.each, async ([key, { inbound, email }]) => {
      await this.removeAll(inbound, email, signal).catch((error: unknown) => {
        // Whatever one core has against one removal, the next audit sees what is left.
        if (!(error instanceof CoreError) || error.isConnection || error.code === 'aborted') throw error;
      });
      this.unconfirmed.delete(key);
    });
  }

  private add(userId: number, since: Cursor | undefined): DirtyUser {
    const user = this.dirty.get(userId) ?? {
      emails: new Set(),
      since,
      rebuild: false,
      isUrgent: false,
      failures: 0,
      retryAt: 0,
      released: [],
    };
    user.since = older(user.since, since);
    user.retryAt = 0;
    this.dirty.set(userId, user);
    return user;
  }

  private putBack(userId: number, user: DirtyUser): void {
    const newer = this.dirty.get(userId);
    if (newer) {
      for (const email of newer.emails) user.emails.add(email);
      user.since = older(user.since, newer.since);
      user.released.push(...newer.released);
      user.rebuild ||= newer.rebuild;
      user.isUrgent ||= newer.isUrgent;
      user.retryAt = 0;
    }
    this.dirty.set(userId, user);
  }

  private async apply(
    { emails, rebuild }: DirtyUser,
    user: CoreUser | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const current = user && coreEmail(user);
    for (const inbound of this.parts.inbounds) {
      for (const email of emails) if (email !== current) await this.removeFirst(inbound, email, signal);
      if (!user || current === undefined) continue;
      const account = accountFor(user, inbound);
      if (account) await this.ensure(inbound, account, rebuild, signal);
      else await this.removeFirst(inbound, current, signal);
    }
  }

  private async ensure(
    inbound: ResolvedInbound,
    account: Account,
    rebuild: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    // A classic shadowsocks inbound takes a second copy without a word, so it is looked at first.
    const looksFirst = keepsCopies(inbound);
    if (looksFirst) this.unconfirmed.delete(keyOf(inbound, account.email));
    if (!looksFirst && (await this.tryAdd(inbound, account, signal))) return;
    const observed = rebuild ? undefined : await this.find(inbound, account.email, signal);
    // Where the core cannot tell, whatever is there is taken for stale.
    const steps = observed
      ? planAccount(account, observed)
      : ([
          { do: 'remove', email: account.email },
          { do: 'add', account },
        ] as const);
    for (const step of steps) {
      if (step.do === 'remove') await this.removeAll(inbound, step.email, signal);
      else await this.addAccount(inbound, step.account, signal);
    }
  }

  private async tryAdd(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<boolean> {
    try {
      await this.addAccount(inbound, account, signal);
      return true;
    } catch (error) {
      if (error instanceof CoreError && error.code === 'user_exists') return false;
      throw error;
    }
  }

  private async find(
    inbound: ResolvedInbound,
    email: string,
    signal: AbortSignal,
  ): Promise<Account[] | undefined> {
    if (!this.canList) return undefined;
    try {
      return await this.act(() => this.parts.connection.accounts(inbound, email, signal));
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== 'unsupported') throw error;
      this.canList = false;
      return undefined;
    }
  }

  /** Removes an account; whether it was the last copy is looked up later. */
  private async removeFirst(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<void> {
    const wasThere = await this.tryRemove(inbound, email, signal);
    if (wasThere && keepsCopies(inbound)) this.unconfirmed.set(keyOf(inbound, email), { inbound, email });
  }

  /** Removes every copy: only "not found" tells that none is left where an inbound keeps copies. */
  private async removeAll(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<void> {
    const copies = keepsCopies(inbound) ? MAX_COPIES : 1;
    for (let copy = 0; copy < copies; copy++) if (!(await this.tryRemove(inbound, email, signal))) return;
  }

  private async tryRemove(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.alter('removed', 'remove_failed', () =>
        this.parts.connection.removeAccount(inbound, email, signal),
      );
      return true;
    } catch (error) {
      if (error instanceof CoreError && error.code === 'user_not_found') return false;
      throw error;
    }
  }

  private addAccount(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<void> {
    return this.alter('added', 'add_failed', () =>
      this.parts.connection.addAccount(inbound, account, signal),
    );
  }

  /** Calls the core and counts what comes of it. */
  private async alter(
    done: 'added' | 'removed',
    failed: 'add_failed' | 'remove_failed',
    call: () => Promise<void>,
  ): Promise<void> {
    const { operations } = this.parts;
    try {
      await this.act(call);
    } catch (error) {
      if (error instanceof CoreError && !NO_FAILURES.has(error.code)) operations[failed]++;
      throw error;
    }
    operations[done]++;
    if (this.accounts !== null) this.accounts += done === 'added' ? 1 : -1;
  }

  private act<T>(call: () => Promise<T>): Promise<T> {
    this.parts.assertOwner();
    return call();
  }
}

/** The one of two places that comes first, or the only one. */
function older(a: Cursor | undefined, b: Cursor | undefined): Cursor | undefined {
  return a && b && isAfter(a, b) ? b : (a ?? b);
}

function keepsCopies(inbound: ResolvedInbound): boolean {
  return inbound.protocol === 'shadowsocks' && !inbound.shadowsocksMethod?.startsWith('2022-');
}

function keyOf(inbound: ResolvedInbound, email: string): string {
  return `${inbound.tag} ${email}`;
}
