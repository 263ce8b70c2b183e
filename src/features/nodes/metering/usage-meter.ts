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

/** What the counters of one core process stood at. */
export interface Reading {
  users: Read<number>;
  outbounds: Read<string>;
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

  /** Reads all counters, to be charged later. @throws CoreReplaced */
  async read(connection: CoreConnection, signal: AbortSignal): Promise<Reading> {
    const [users, outbounds] = await Promise.all([
      this.readUsers(connection, signal),
      this.readOutbounds(connection, signal),
    ]);
    return { users, outbounds };
  }

  /** Charges what was read. Returns the ids of users whose status may be due. @throws PollRefused, CoreReplaced */
  async charge({ users, outbounds }: Reading): Promise<number[]> {
    await this.chargeOutbounds(outbounds);
    return this.chargeUsers(users);
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

  private async chargeUsers({ values, after }: Read<number>): Promise<number[]> {
    const moved = movedSince(this.users, values);
    const due =
      moved.size === 0
        ? []
        : await this.inTurn('users', () => this.usage.chargeUsers(this.poll(after), moved, this.hourly));
    this.users = values;
    this.recent.noteUsers(moved.keys(), performance.now());
    return due;
  }

  private async chargeOutbounds({ values, after }: Read<string>): Promise<void> {
    this.recent.noteOutbounds(values.values(), performance.now());
    const moved = movedSince(this.outbounds, values);
    if (moved.size === 0) return;
    await this.inTurn('outbounds', () => this.usage.addOutbounds(this.poll(after), moved, this.hourly));
    this.outbounds = values;
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
