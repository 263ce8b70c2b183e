import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import { configMark } from '../../../xray/config/index.js';
import { Breather } from '../../../shared/scheduling/breather.js';
import { CoreError } from '../../../xray/grpc/index.js';
import type { CoreUser, ResolvedInbound } from '../../../xray/config/types.js';
import type { ActiveCoreConfig } from '../../core/index.js';
import type { FoundForeignCore, RunningCore } from '../adapters/core-connection.js';
import { audit, type Audit } from '../convergence/audit.js';
import type { ChangeFollower } from '../convergence/change-feed.js';
import { UserSync } from '../convergence/user-sync.js';
import { retryAfterSeconds } from '../domain/backoff.js';
import type { OutboxPlace } from '../domain/change-cursor.js';
import { type CoreProcess, CoreReplaced, KnownProcess } from '../domain/core-process.js';
import type { PresentInbound } from '../domain/foreign-core.js';
import type { NodeState } from '../domain/node-state.js';
import type { Sighting } from '../domain/sighting.js';
import type { NodeStatus } from '../node.js';
import { type Chore, Chores } from './chores.js';
import { CoreCharging } from './core-charging.js';
import type { CoreContext } from './core-context.js';
import type { CoreAccount } from './node-runtime.repository.js';
import { CoreSilent, Silence } from './silence.js';

export const RUNS_WELL = { status: 'connected', message: null } as const;
const RETRY_MS = 1_000;
/** Two of these are a little longer than a pause between two readings, which show the same: most are spared. */
const HEALTH_MS = 5_500;
const AUDIT_MS = 300_000;
/** With no more left of what an audit has found, the next one looks for the rest. */
const FEW = 1_000;
const SAVE_CURSOR_MS = 1_000;
/** A cursor that only follows the clock of transactions is saved less often. */
const SAVE_IDLE_CURSOR_MS = 30_000;

/** A core process as it was found or started. */
export interface RunningProcess {
  version: string;
  process: CoreProcess;
  account: CoreAccount;
  /** Those whose users are kept. */
  inbounds: readonly ResolvedInbound[];
  configMark: string | undefined;
  /** Up to where it has the changes of users. */
  place: OutboxPlace;
  /** How many accounts it has, if that is known. */
  accounts?: number;
  /** Of a core that somebody else runs. */
  foreign?: {
    /** The version of the config that it was compared with. */
    matchedTo: bigint;
    /** What it had when it was. */
    inbounds: ReadonlyMap<string, PresentInbound>;
    /** What is shown of it then. */
    shown: { status: NodeStatus; message: string | null };
  };
}

/** One running core process under its owner's care: its users are kept true and its counters charged. */
export class AttachedCore {
  /** Milliseconds of the monotonic clock. */
  readonly since = performance.now();
  readonly version: string;
  readonly configMark: string | undefined;
  readonly foreign: RunningProcess['foreign'];
  /** What its cursor is a place in. */
  readonly outboxId: string;
  private readonly logger: Logger;
  private readonly charging: CoreCharging;
  private readonly sync: UserSync;
  private readonly process: KnownProcess;
  private readonly changes: ChangeFollower;
  private savedAt: number;
  private hasNews = false;
  private isAudited: boolean;
  /** The last audit has found as many as it may. */
  private differsMore = false;
  /** Comparisons in a row that took too long. */
  private slowComparisons = 0;
  private readonly silence = new Silence();
  private readonly health: Chore<NodeState>;
  private readonly comparison: Chore<NodeState>;
  private readonly chores: Chores<NodeState>;

  /** A fresh one was started with all users of this moment, and has counted nothing yet. */
  constructor(
    private readonly context: CoreContext,
    running: RunningProcess,
    isFresh: boolean,
  ) {
    const { services, lease, connection } = context;
    this.logger = new Logger(`Node ${lease.grant.nodeId}`);
    this.version = running.version;
    this.configMark = running.configMark;
    this.foreign = running.foreign;
    this.outboxId = running.place.outboxId;
    this.process = new KnownProcess(running.process);
    this.changes = services.changes.follow(running.place.cursor, context.wake);
    this.savedAt = this.since;
    this.isAudited = isFresh;
    const firstAfter = (milliseconds: number) => (isFresh ? this.since + milliseconds : this.since);
    const metered = { process: this.process, ...running.account };
    this.charging = new CoreCharging(context, metered, firstAfter);
    this.health = { due: this.since + HEALTH_MS, run: (_, signal) => this.checkHealth(signal) };
    this.comparison = { due: firstAfter(spread(AUDIT_MS)), run: (_, signal) => this.audit(signal) };
    this.chores = new Chores([this.charging.chore, this.health, this.comparison], context.signal, {
      onSuccess: (chore) => this.answered(chore),
      onEnd: context.wake,
    });
    this.sync = new UserSync(
      {
        connection,
        inbounds: running.inbounds,
        operations: context.operations,
        findUsers: (ids) => services.desired.byIds(ids),
        findSharers: (credentials) => services.desired.sharersOf(credentials),
        assertOwner: () => lease.assertHeld(),
        onFailure: (userId, error) =>
          this.logger.warn(`User ${userId} could not be applied: ${error.message}`),
      },
      running.place.cursor,
      running.accounts,
    );
  }

  /** Whether this core runs the active config. Notes that it does, also when only its version is new. */
  async confirmConfig(state: NodeState, active: ActiveCoreConfig): Promise<boolean> {
    if (this.configMark !== configMark(active.hash)) return false;
    const { services, lease } = this.context;
    const isNoted =
      state.appliedConfigVersion === active.version &&
      state.lastGoodConfigVersion === active.version &&
      state.startingConfigVersion === null;
    if (!isNoted) await services.runtime.recordConfig(lease.grant, active);
    return true;
  }

  /** Shows what there is to say of this core, where a fault that is over is shown. */
  async confirmShown(state: NodeState): Promise<void> {
    const { services, lease } = this.context;
    const { status, message } = this.foreign?.shown ?? RUNS_WELL;
    if (state.status === status && state.message === message) return;
    await services.runtime.showStatus(lease.grant, status, { version: this.version, message });
  }

  sighting(): Omit<Sighting, 'operations'> {
    const { pending, accounts } = this.sync;
    return { pending, accounts, ...this.charging.recentTraffic() };
  }

  /**
   * Applies what users have changed, which waits for nothing, and starts what else is due. Returns in how many
   * milliseconds something is due again. @throws CoreSilent
   */
  async work(state: NodeState): Promise<number> {
    this.charging.takeRate(state);
    if (this.differsMore && this.sync.differing < FEW) {
      this.differsMore = false;
      this.comparison.due = performance.now();
    }
    this.chores.start(state);
    this.takeChanges();
    const isBusy = this.sync.isDue(performance.now());
    try {
      await this.sync.applyDue(performance.now(), this.context.signal);
      if (isBusy) this.silence.answered(this.sync);
    } catch (error) {
      this.judge(this.sync, error);
      return RETRY_MS;
    }
    for (const { chore, error } of this.chores.takeFaults()) this.judge(chore, error);
    await this.saveCursorSometimes();
    const now = performance.now();
    if (this.sync.isDue(now)) return 0;
    const retryAt = this.sync.pending > 0 ? now + RETRY_MS : Infinity;
    return Math.max(0, Math.min(this.chores.nextDue, this.saveDue, retryAt) - now);
  }

  /** Takes note that a call has failed. Whether that was one too many. */
  hasFallenSilent(call: object, error: Error): boolean {
    this.logger.warn(`Xray does not answer: ${error.message}`);
    // All its accounts, over a slow line, may take longer than a call may.
    const mayBeSlow = call === this.comparison && error instanceof CoreError && error.code === 'timeout';
    return this.silence.failed(call, mayBeSlow);
  }

  /** Gives up what is under way beside {@link work}, and waits for its end. */
  async quiet(): Promise<void> {
    await this.chores.giveUp();
  }

  /** Charges everything the core has counted up to now. */
  async readCounters(signal: AbortSignal): Promise<void> {
    await this.quiet();
    await this.charging.pollAll(signal);
  }

  /**
   * To be called right before the core is ended, and {@link chargeLast} after that. One that does not answer is asked again for
   * `limitMs`, or some seconds. @throws LeaseLost, or whatever came of `signal`
   */
  async readLast(signal: AbortSignal, limitMs?: number): Promise<void> {
    await this.quiet();
    await this.charging.readLast(signal, limitMs);
  }

  /** Whether the core has been ended, or is about to be. */
  get isOver(): boolean {
    return this.charging.isOver;
  }

  /** Does nothing to a core that has not been ended: its polls go on, and nothing may be charged beside them. */
  async chargeLast(): Promise<void> {
    if (this.isOver) await this.charging.chargeLast();
  }

  /** Whether everything that was read of it is charged. */
  get isSettled(): boolean {
    return this.charging.isSettled;
  }

  /** Charges what was read and is not charged. @throws CoreReplaced when it is too late; what the database says */
  async settle(): Promise<void> {
    await this.quiet();
    await this.charging.settle();
  }

  async saveCursor(): Promise<void> {
    const { services, lease } = this.context;
    const place = { outboxId: this.outboxId, cursor: this.sync.appliedTo };
    const isSynced = this.isAudited && this.sync.pending === 0;
    this.hasNews = this.sync.pending > 0; // the cursor moves once they are applied
    const isSaved = await services.places.save({ grant: lease.grant, place, isSynced });
    this.savedAt = performance.now();
    this.hasNews ||= !isSaved;
  }

  /** Ends the care for the core, whatever becomes of it. */
  close(): void {
    this.changes.close();
    void this.quiet();
  }

  private judge(call: object, error: unknown): void {
    const { signal, connection } = this.context;
    if (!(error instanceof CoreError) || signal.aborted || connection.lost?.aborted) throw error;
    if (this.hasFallenSilent(call, error)) throw new CoreSilent(error.message);
  }

  private answered(chore: Chore<NodeState>): void {
    this.silence.answered(chore);
    // A reading shows as well that the core is there, though not what its owner has made of it.
    if (chore === this.charging.chore && !this.foreign) this.health.due = performance.now() + HEALTH_MS;
  }

  private takeChanges(): void {
    for (const { changes, from, to } of this.changes.take()) {
      this.sync.take(changes, from, to);
      if (changes.length > 0) this.hasNews = true;
    }
  }

  private async checkHealth(signal: AbortSignal): Promise<void> {
    const { connection, services } = this.context;
    await this.process.ask(async () => {
      const seen = await (connection.startsCore ? connection.glance(signal) : connection.observe(signal));
      if (!seen.running || this.isChanged(seen)) throw new CoreReplaced();
      return seen;
    });
    const interval = Math.min(HEALTH_MS, services.config.jobs.coreHealthSeconds * 1000);
    this.health.due = performance.now() + interval;
  }

  /** Whether its owner has given it other inbounds. */
  private isChanged(seen: RunningCore | FoundForeignCore): boolean {
    return (
      this.foreign !== undefined &&
      !('inbounds' in seen && isDeepStrictEqual(seen.inbounds, this.foreign.inbounds))
    );
  }

  private async audit(signal: AbortSignal): Promise<void> {
    const { connection, services } = this.context;
    const parts = {
      core: connection,
      inbounds: this.sync.inbounds,
      eachUser: (take: (users: readonly CoreUser[]) => void) => services.desired.snapshot(take),
      isKnown: (userId: number) => this.sync.isDifferent(userId),
      signal,
    };
    let found: Audit;
    try {
      found = await services.audits.pass(() => audit(parts), signal);
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== 'unsupported') {
        if (error instanceof CoreError && error.code === 'timeout') this.waitLonger();
        throw error;
      }
      this.comparison.due = Infinity;
      return this.logger.warn('This Xray cannot list its users, so nobody can tell whether they are right');
    }
    const { differences, isComplete } = found;
    this.slowComparisons = 0;
    this.sync.accounts = found.accounts;
    this.comparison.due = performance.now() + spread(AUDIT_MS);
    const breather = new Breather();
    for (const difference of differences) {
      this.sync.addDifference(difference);
      await breather.rest();
    }
    this.differsMore = !isComplete;
    this.isAudited = isComplete;
    this.hasNews = true; // that it is
    if (differences.length === 0) return;
    const more = isComplete ? '' : '; more will be once these are right';
    this.logger.log(`${differences.length} users differ on the core and are applied again${more}`);
  }

  /** A core that takes long for its list would do nothing else, were it asked again at once. */
  private waitLonger(): void {
    const waitMs = retryAfterSeconds(++this.slowComparisons + 3, Math.random()) * 1000; // from 8 s on
    this.comparison.due = performance.now() + waitMs;
  }

  private async saveCursorSometimes(): Promise<void> {
    if (performance.now() >= this.saveDue) await this.saveCursor();
  }

  /** At the same moments for all nodes, which then save together. */
  private get saveDue(): number {
    const interval = this.hasNews ? SAVE_CURSOR_MS : SAVE_IDLE_CURSOR_MS;
    return (Math.floor(this.savedAt / interval) + 1) * interval;
  }
}

/** Within a tenth of the interval, so that many nodes do not keep in step. */
function spread(milliseconds: number): number {
  return milliseconds * (0.9 + 0.2 * Math.random());
}
