import { performance } from 'node:perf_hooks';
import type { Traffic } from '../../../xray/grpc/index.js';
import { MARKER_PREFIX } from '../../../xray/config/index.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import type { KnownProcess } from '../domain/core-process.js';
import type { Grant } from '../domain/grant.js';
import { movedSince, trafficByUser } from '../domain/user-traffic.js';
import { RecentTraffic } from './recent-traffic.js';
import { PollRefused, UsageRepository } from './usage.repository.js';

/** One process of one core, as far as its counters are concerned. */
export interface MeteredCore {
  grant: Grant;
  process: KnownProcess;
  coreEpoch: bigint;
  /** How many polls of the node have been charged. */
  polls: { users: bigint; outbounds: bigint };
}

/** What one kind of counters stood at, and how many polls had been charged when they were asked for. */
interface Read<K> {
  values: ReadonlyMap<K, Traffic>;
  after: bigint;
}

/**
 * Charges one core process. Remembers what it has charged, so that only what moved is sent to the database, which
 * knows better in any case.
 */
export class UsageMeter {
  readonly recent = new RecentTraffic();
  private users: ReadonlyMap<number, Traffic> = new Map();
  private outbounds: ReadonlyMap<string, Traffic> = new Map();
  private readonly polls: { users: bigint; outbounds: bigint };
  /** What was read last and is not known to be charged. */
  private unsettled: { users?: Read<number>; outbounds?: Read<string> } = {};

  constructor(
    private readonly usage: UsageRepository,
    private readonly core: MeteredCore,
    private readonly hourly: boolean,
  ) {
    this.polls = { ...core.polls };
  }

  /**
   * Reads and charges the users' counters; returns the ids of users whose status may be due.
   * @throws PollRefused, CoreReplaced
   */
  async pollUsers(connection: CoreConnection, signal: AbortSignal): Promise<number[]> {
    return this.chargeUsers(await this.readUsers(connection, signal));
  }

  /** Reads the outbounds' counters and adds them to the node's totals. @throws PollRefused, CoreReplaced */
  async pollOutbounds(connection: CoreConnection, signal: AbortSignal): Promise<void> {
    await this.chargeOutbounds(await this.readOutbounds(connection, signal));
  }

  /** Reads all counters, to be charged by {@link settle}. @throws CoreReplaced */
  async read(connection: CoreConnection, signal: AbortSignal): Promise<void> {
    const [users, outbounds] = await Promise.all([
      this.readUsers(connection, signal),
      this.readOutbounds(connection, signal),
    ]);
    this.unsettled = { users, outbounds };
  }

  /** Whether all that was read is charged. */
  get isSettled(): boolean {
    return this.unsettled.users === undefined && this.unsettled.outbounds === undefined;
  }

  /**
   * Charges what was read last and is not charged, be it because the database was away. Returns the ids of users whose status
   * may be due. Nothing else may be under way. @throws CoreReplaced
   */
  async settle(): Promise<number[]> {
    const { users, outbounds } = this.unsettled;
    if (outbounds) await this.again('outbounds', () => this.chargeOutbounds(outbounds));
    return users ? this.again('users', () => this.chargeUsers(users)) : [];
  }

  /** When a poll before it was charged and nobody was told, a reading is refused once although it is newer. */
  private async again<T>(of: 'users' | 'outbounds', charge: () => Promise<T>): Promise<T> {
    try {
      return await charge();
    } catch (error) {
      if (!(error instanceof PollRefused)) throw error;
      this.unsettled[of]!.after = error.charged;
      return charge();
    }
  }

  private async readUsers(connection: CoreConnection, signal: AbortSignal): Promise<Read<number>> {
    const after = this.polls.users;
    const { values } = await this.core.process.ask(() => connection.counters('user', signal));
    return { values: trafficByUser(values), after };
  }

  private async readOutbounds(connection: CoreConnection, signal: AbortSignal): Promise<Read<string>> {
    const after = this.polls.outbounds;
    const { values } = await this.core.process.ask(() => connection.counters('outbound', signal));
    return { values: new Map([...values].filter(([tag]) => !tag.startsWith(MARKER_PREFIX))), after };
  }

  private async chargeUsers(read: Read<number>): Promise<number[]> {
    this.unsettled.users = read;
    const { values, after } = read;
    const moved = movedSince(this.users, values);
    const due =
      moved.size === 0
        ? []
        : await this.inTurn('users', () => this.usage.chargeUsers(this.poll(after), moved, this.hourly));
    this.users = values;
    this.unsettled.users = undefined;
    this.recent.noteUsers(moved.keys(), performance.now());
    return due;
  }

  private async chargeOutbounds(read: Read<string>): Promise<void> {
    this.unsettled.outbounds = read;
    const { values, after } = read;
    this.recent.noteOutbounds(values.values(), performance.now());
    const moved = movedSince(this.outbounds, values);
    if (moved.size > 0)
      await this.inTurn('outbounds', () => this.usage.addOutbounds(this.poll(after), moved, this.hourly));
    this.outbounds = values;
    this.unsettled.outbounds = undefined;
  }

  /** Keeps count. A poll that was refused is not lost: the next one, read after this, is in turn and holds its traffic. */
  private async inTurn<T>(of: 'users' | 'outbounds', charge: () => Promise<T>): Promise<T> {
    try {
      const result = await charge();
      this.polls[of]++;
      return result;
    } catch (error) {
      if (error instanceof PollRefused) this.polls[of] = error.charged;
      throw error;
    }
  }

  private poll(after: bigint) {
    const { grant, coreEpoch, process } = this.core;
    return { grant, coreEpoch, uptimeSeconds: process.uptimeSeconds, after };
  }
}
