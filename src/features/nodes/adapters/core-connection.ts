import type { CorePlace } from '../../../xray/config/index.js';
import type { Account, ResolvedInbound } from '../../../xray/config/types.js';
import { CoreError, type Traffic } from '../../../xray/grpc/index.js';
import type { PresentInbound } from '../domain/foreign-core.js';
import type { ObservedCore } from '../domain/plan.js';
import type { CoreProcess } from '../domain/core-process.js';
import type { UserTraffic } from '../domain/user-traffic.js';

/** The config to start a core with. What it says of the API and of files depends on where the core runs. */
export interface CoreBody {
  /** Its text in UTF-8, cut anywhere: with many users it is longer than what fits into memory. */
  chunks(place: CorePlace): AsyncIterable<Buffer>;
}

export type RunningCore = Extract<ObservedCore, { running: true }> & {
  version: string;
  process: CoreProcess;
};

export type CoreState = Extract<ObservedCore, { running: false }> | RunningCore;

/** Cumulative traffic of one core process: of its users, and by outbound tag, without markers. */
export interface Counters {
  process: CoreProcess;
  users: UserTraffic;
  outbounds: ReadonlyMap<string, Traffic>;
}

/**
 * One connection to one core, used by the one actor that owns the node. Adapters hold no desired state, set no timers,
 * retry nothing and know no database; failures are `CoreError`, or `CoreRefused` for a start. Inbounds are always those
 * of the config that runs on the node, and an account's type must fit its inbound: a wrong one kills the core.
 */
export type CoreConnection = StartableCore | ForeignCore;

/** A core that is started, restarted and ended from here. */
export interface StartableCore extends CoreCalls {
  readonly startsCore: true;

  /** What runs there, without changing anything. @throws HeldByAnother */
  observe(signal: AbortSignal): Promise<CoreState>;
  /** The same for one call: what answers and has not grown younger is taken for the process that was observed last. */
  glance(signal: AbortSignal): Promise<CoreState>;
  /**
   * Ends a running core and starts one with this config; after `observe` told of another panel, it takes the node from it.
   * What can be prepared is ready before `beforeEnd` is called, and the core is ended right after it: what it counts in
   * between is lost. Returns the core's version. @throws CoreRefused with the core's own words, HeldByAnother when that was
   * not told yet
   */
  restart(body: CoreBody, beforeEnd: () => Promise<void>, signal: AbortSignal): Promise<string>;
}

/**
 * A core that somebody else starts, with a config that may be any. It is known by a claim that is put on each process, and
 * nothing is done to one that does not bear it.
 */
export interface ForeignCore extends CoreCalls {
  readonly startsCore: false;

  /** What runs there, without changing anything. @throws CoreError when nothing does, HeldByAnother */
  observe(signal: AbortSignal): Promise<FoundForeignCore>;
  /** A claim on the process that was observed last. */
  nextClaim(): string;
  /** Puts it on the process; from then on its counters are this node's. */
  claim(tag: string, signal: AbortSignal): Promise<void>;
  /** Forgets the connection. After `observe` told of another panel, the next claim takes the node from it. */
  reconnect(): void;
  /** Removes all accounts of the panel from a core that bears this node's claim, but for those on `kept` inbounds. */
  withdraw(kept: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
}

export interface FoundForeignCore extends RunningCore {
  /** Whether its process bears this node's claim, and no later one. */
  isClaimed: boolean;
  inbounds: ReadonlyMap<string, PresentInbound>;
}

/** What can be asked of any core. */
interface CoreCalls {
  /** Whether the core is to be ended with its owner. */
  readonly endsWithOwner: boolean;
  /** Whether any other replica could surely go on with the core as it is. */
  readonly movesFreely: boolean;
  /** Aborted when the core is seen to end by itself; undefined while none is known. */
  readonly lost: AbortSignal | undefined;

  /** Ends a core that is started from here; takes all accounts of the panel off another one. */
  stop(signal: AbortSignal): Promise<void>;
  /** Frees local resources. Never stops the core. */
  close(): void;

  addAccount(inbound: ResolvedInbound, account: Account, signal: AbortSignal): Promise<void>;
  /** Removes one copy. @throws CoreError `user_not_found` */
  removeAccount(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<void>;
  /** The accounts of one email. */
  accounts(inbound: ResolvedInbound, email: string, signal: AbortSignal): Promise<Account[]>;
  /** Hands over all accounts as they come: there may be more than fit into memory. */
  eachAccount(inbound: ResolvedInbound, take: (account: Account) => void, signal: AbortSignal): Promise<void>;

  /** Never resets a counter. Whoever has no time for a core that does not answer says how long to wait for it. */
  counters(signal: AbortSignal, patienceMs?: number): Promise<Counters>;
}

/** Another panel took the node while this installation worked with it. It is not taken back but by an operator's word. */
export class HeldByAnother extends CoreError {
  constructor(message: string) {
    super('other', message);
    this.name = 'HeldByAnother';
  }
}

/** A core did not start with the config it was given; the message is the core's own. */
export class CoreRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CoreRefused';
  }
}
