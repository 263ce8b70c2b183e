import { performance } from 'node:perf_hooks';
import type { Traffic } from '../../../xray/grpc/index.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import type { KnownProcess } from '../domain/core-process.js';
import type { Grant } from '../domain/grant.js';
import { UserTraffic } from '../domain/user-traffic.js';
import { Breather } from '../../../shared/scheduling/breather.js';
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

/** Users that are charged at once: nobody waits long for the locks, and no statement takes many megabytes. */
const CHARGED_AT_ONCE = 20_000;

/** What one kind of counters stood at, and how many polls had been charged when they were asked for. */
interface Read<Values> {
  values: Values;
  after: bigint;
  isLate?: boolean;
}

type ByTag = ReadonlyMap<string, Traffic>;

/** Of one moment; each kind is charged by itself. */
interface Readings {
  users: Read<UserTraffic>;
  outbounds: Read<ByTag>;
}

/**
 * Charges one core process. Remembers what it has charged, so that only what moved is sent to the database, which
 * knows better in any case.
 */
export class UsageMeter {
  readonly recent = new RecentTraffic();
  private users = new UserTraffic();
  private outbounds: ByTag = new Map();
  private readonly polls: { users: bigint; outbounds: bigint };
  /** What was read last and is not known to be charged. */
  private unsettled: Partial<Readings> = {};

  constructor(
    private readonly usage: UsageRepository,
    private readonly core: MeteredCore,
    private readonly hourly: boolean,
  ) {
    this.polls = { ...core.polls };
  }

  /** Reads all counters, to be charged. @throws CoreReplaced */
  async read(connection: CoreConnection, signal: AbortSignal, patienceMs?: number): Promise<Readings> {
    const { users: usersAfter, outbounds: outboundsAfter } = this.polls;
    const { users, outbounds } = await this.core.process.ask(() => connection.counters(signal, patienceMs));
    return {
      users: { values: users, after: usersAfter },
      outbounds: { values: outbounds, after: outboundsAfter },
    };
  }

  /** Has them charged by {@link settle}. */
  keep({ users, outbounds }: Readings): void {
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

  /**
   * What was charged since it was read may be a poll before it, of which nobody was told, or one of whoever worked with the
   * same process later: it is charged for what it is beyond that.
   */
  private async again<T>(of: 'users' | 'outbounds', charge: () => Promise<T>): Promise<T> {
    try {
      return await charge();
    } catch (error) {
      if (!(error instanceof PollRefused)) throw error;
      Object.assign(this.unsettled[of]!, { after: error.charged, isLate: true });
      return charge();
    }
  }

  /**
   * Charges users; returns the ids of those whose status may be due. Each part is a poll of its own: if one is refused, what
   * the others hold is charged, and the database knows so. @throws PollRefused, CoreReplaced
   */
  async chargeUsers(read: Read<UserTraffic>): Promise<number[]> {
    this.unsettled.users = read;
    const { values } = read;
    const due: number[] = [];
    const movedIds: number[] = [];
    let part = new Map<number, Traffic>();
    const charge = async () => {
      const turn = this.poll(read);
      const found = await this.inTurn('users', () => this.usage.chargeUsers(turn, part, this.hourly));
      read.after++;
      for (const id of found) due.push(id);
      for (const id of part.keys()) movedIds.push(id);
      part = new Map();
    };
    const breather = new Breather();
    for (const moved of values.movedSince(this.users)) {
      for (const [id, traffic] of moved) part.set(id, traffic);
      if (part.size >= CHARGED_AT_ONCE) await charge();
      await breather.rest();
    }
    if (part.size > 0) await charge();
    this.users = values;
    this.unsettled.users = undefined;
    this.recent.noteUsers(movedIds, performance.now());
    return due;
  }

  /** Adds to the node's totals. @throws PollRefused, CoreReplaced */
  async chargeOutbounds(read: Read<ByTag>): Promise<void> {
    this.unsettled.outbounds = read;
    const { values } = read;
    this.recent.noteOutbounds(values.values(), performance.now());
    const moved = movedSince(this.outbounds, values);
    if (moved.size > 0)
      await this.inTurn('outbounds', () => this.usage.addOutbounds(this.poll(read), moved, this.hourly));
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

  private poll({ after, isLate }: Read<unknown>) {
    const { grant, coreEpoch, process } = this.core;
    return { grant, coreEpoch, uptimeSeconds: process.uptimeSeconds, after, isLate };
  }
}

/** The entries of `current` that are not already `charged`, without those that never moved. */
function movedSince(charged: ByTag, current: ByTag): Map<string, Traffic> {
  return new Map(
    [...current].filter(([tag, { up, down }]) => {
      const known = charged.get(tag) ?? { up: 0n, down: 0n };
      return known.up !== up || known.down !== down;
    }),
  );
}
