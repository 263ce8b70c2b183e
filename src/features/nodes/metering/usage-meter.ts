import { performance } from 'node:perf_hooks';
import type { Traffic } from '../../../xray/grpc/index.js';
import { MARKER_PREFIX } from '../../../xray/config/index.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import type { Grant } from '../domain/grant.js';
import { isSameProcess, type StartInterval } from '../domain/core-process.js';
import { movedSince, trafficByUser } from '../domain/user-traffic.js';
import { RecentTraffic } from './recent-traffic.js';
import { type Poll, PollRefused, UsageRepository } from './usage.repository.js';

/** The core that answered is not the one whose counters are being charged. */
export class CoreReplaced extends Error {
  constructor() {
    super('Another core process answered');
    this.name = 'CoreReplaced';
  }
}

/** One process of one core, as far as its counters are concerned. */
export interface MeteredCore {
  grant: Grant;
  coreEpoch: bigint;
  started: StartInterval;
}

/** What the counters of one core process stood at. */
export interface Reading {
  users: ReadonlyMap<number, Traffic>;
  outbounds: ReadonlyMap<string, Traffic>;
}

/**
 * Charges one core process. Remembers what it has charged, so that only what moved is sent to the database, which
 * knows better in any case.
 */
export class UsageMeter {
  readonly recent = new RecentTraffic();
  private users: ReadonlyMap<number, Traffic> = new Map();
  private outbounds: ReadonlyMap<string, Traffic> = new Map();

  constructor(
    private readonly usage: UsageRepository,
    private readonly core: MeteredCore,
    private readonly hourly: boolean,
  ) {}

  /** Reads and charges the users' counters; returns the ids of users whose status may be due. */
  async pollUsers(connection: CoreConnection, at: Date, signal: AbortSignal): Promise<number[]> {
    return this.chargeUsers(await this.readUsers(connection, signal), at);
  }

  /** Reads the outbounds' counters and adds them to the node's totals. */
  async pollOutbounds(connection: CoreConnection, at: Date, signal: AbortSignal): Promise<void> {
    await this.chargeOutbounds(await this.readOutbounds(connection, signal), at);
  }

  /** Reads all counters, to be charged later. */
  async read(connection: CoreConnection, signal: AbortSignal): Promise<Reading> {
    const [users, outbounds] = await Promise.all([
      this.readUsers(connection, signal),
      this.readOutbounds(connection, signal),
    ]);
    return { users, outbounds };
  }

  /** Charges what was read. Returns the ids of users whose status may be due. */
  async charge({ users, outbounds }: Reading, at: Date): Promise<number[]> {
    await this.chargeOutbounds(outbounds, at);
    return this.chargeUsers(users, at);
  }

  private async readUsers(connection: CoreConnection, signal: AbortSignal): Promise<Reading['users']> {
    const counters = await connection.counters('user', signal);
    this.check(counters.started);
    return trafficByUser(counters.values);
  }

  private async readOutbounds(
    connection: CoreConnection,
    signal: AbortSignal,
  ): Promise<Reading['outbounds']> {
    const counters = await connection.counters('outbound', signal);
    this.check(counters.started);
    return new Map([...counters.values].filter(([tag]) => !tag.startsWith(MARKER_PREFIX)));
  }

  private async chargeUsers(current: Reading['users'], at: Date): Promise<number[]> {
    const moved = movedSince(this.users, current);
    const due =
      moved.size === 0
        ? []
        : await unlessRefused(() => this.usage.chargeUsers(this.poll(at), moved, this.hourly));
    if (!due) return [];
    this.users = current;
    this.recent.noteUsers(moved.keys(), performance.now());
    return due;
  }

  private async chargeOutbounds(current: Reading['outbounds'], at: Date): Promise<void> {
    this.recent.noteOutbounds(current.values(), performance.now());
    const moved = movedSince(this.outbounds, current);
    if (moved.size === 0) return;
    const done = await unlessRefused(async () => {
      await this.usage.addOutbounds(this.poll(at), moved, this.hourly);
      return true;
    });
    if (done) this.outbounds = current;
  }

  private check(started: StartInterval): void {
    if (!isSameProcess(this.core.started, started)) throw new CoreReplaced();
  }

  private poll(startedAt: Date): Poll {
    return { grant: this.core.grant, coreEpoch: this.core.coreEpoch, startedAt };
  }
}

async function unlessRefused<T>(charge: () => Promise<T>): Promise<T | undefined> {
  try {
    return await charge();
  } catch (error) {
    if (error instanceof PollRefused) return undefined;
    throw error;
  }
}
