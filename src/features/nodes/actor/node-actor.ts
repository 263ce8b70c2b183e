import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import { CoreError } from '../../../xray/grpc/index.js';
import { configMark } from '../../../xray/config/index.js';
import {
  type CoreConnection,
  CoreRefused,
  type CoreState,
  HeldByAnother,
} from '../adapters/core-connection.js';
import { retryAfterSeconds, retryRefusedAfterSeconds } from '../domain/backoff.js';
import { LeaseLost } from '../domain/grant.js';
import type { StartReason } from '../domain/core-start.js';
import { planCore, type RestartReason } from '../domain/plan.js';
import type { Sighting } from '../domain/sighting.js';
import { CoreReplaced } from '../domain/core-process.js';
import { AttachedCore, type CoreContext } from './attached-core.js';
import { CoreSilent } from './silence.js';
import type { NodeLease } from './node-lease.js';
import type { NodeState, Refusal } from './node-runtime.repository.js';
import type { NodeServices } from './node-services.js';
import { Pause } from '../../../shared/scheduling/pause.js';

/** Whatever may be due is found by looking so often; what others write and users that change wake us. */
const LOOK_MS = 2_000;
const RETRY_MS = 1_000;
/** A core that cannot even be attached to this often in a row counts as hung. */
const MAX_SILENT_CALLS = 3;
/** A core that ran this long did not crash at its start. */
const STABLE_MS = 60_000;
const HAND_OVER_MS = 3_000;

/**
 * The one that acts on a node while its replica holds the lease: step after step, it compares what the rows ask for
 * with what is there. Whatever fails is tried again; whatever is missed is seen at the next look.
 */
export class NodeActor {
  private readonly logger: Logger;
  private readonly aborter = new AbortController();
  private readonly signal: AbortSignal;
  private readonly context: CoreContext;
  private attached: AttachedCore | undefined;
  /** Why there is none, where it has been there. */
  private endedFor: StartReason | undefined;
  private done: Promise<void> = Promise.resolve();
  private stopping = false;
  /** The node is disabled and its core stopped: there is nothing to do until it is leased anew. */
  private isRetired = false;
  /** Whether the node is to run, as far as is known: one that is not may be out of reach, and so stay for long. */
  isWanted = true;
  private readonly pause = new Pause();
  private watched: AbortSignal | undefined;
  /** Of the row when this one began. */
  private generation: bigint | undefined;
  private crashes = 0;
  private databaseFailed = false;

  constructor(
    readonly lease: NodeLease,
    private readonly connection: CoreConnection,
    private readonly services: NodeServices,
  ) {
    this.logger = new Logger(`Node ${lease.grant.nodeId}`);
    this.signal = AbortSignal.any([this.aborter.signal, lease.signal]);
    setMaxListeners(0, this.signal); // one per call in flight
    this.context = { services, lease, connection, signal: this.signal, wake: () => this.wake() };
  }

  /**
   * Acts once `before` is over, until the lease is lost, the node is disabled, or {@link handOver} is called; then calls
   * `onEnd`.
   */
  start(before: Promise<void> | undefined, onEnd: () => void): void {
    const unwatch = this.services.states.watch(this.lease.grant, () => this.wake());
    this.done = (async () => {
      await before;
      await this.run();
    })().finally(() => {
      unwatch();
      this.core?.close();
      onEnd();
    });
  }

  /** Whether another replica could go on with the node at once, with nothing under way and no core ended for it. */
  get canMove(): boolean {
    return this.core !== undefined && this.connection.movesFreely && !this.stopping;
  }

  sighting(): Sighting {
    return this.core?.sighting() ?? { pending: null, polledSecondsAgo: null, traffic: null };
  }

  private get core(): AttachedCore | undefined {
    return this.attached;
  }

  private set core(core: AttachedCore | undefined) {
    if (core !== this.attached) this.attached?.close();
    this.attached = core;
  }

  /** Something may have changed. */
  wake(): void {
    this.pause.wake();
  }

  /** Stops acting for good, for the lease belongs to another replica. The core goes on. */
  async abandon(): Promise<void> {
    this.stopping = true;
    this.lease.end();
    this.aborter.abort();
    this.wake();
    await this.done;
    await this.core?.quiet();
    this.connection.close();
  }

  /** Ends the work in an orderly way: counts what is to be counted, and ends a core that is to end with us. */
  async handOver(): Promise<void> {
    this.stopping = true;
    const limit = setTimeout(() => this.aborter.abort(), HAND_OVER_MS);
    this.wake();
    await this.done;
    clearTimeout(limit);
    try {
      this.lease.assertHeld();
      await this.settle();
      if (!this.connection.endsWithOwner) return;
      await this.connection.stop();
      await this.core?.chargeLast();
    } catch (error) {
      if (!(error instanceof LeaseLost)) this.logger.warn({ err: error }, 'The core was not ended in order');
    } finally {
      this.connection.close();
    }
  }

  /** Writes down what is known of the core; without the database, what is not written is found again later. */
  private async settle(): Promise<void> {
    const { runtime, states } = this.services;
    const { grant } = this.lease;
    try {
      await states.of(grant);
      await this.core?.saveCursor();
      const signal = AbortSignal.timeout(HAND_OVER_MS);
      if (!this.connection.endsWithOwner) return await this.core?.readCounters(signal);
      await runtime.showStatus(grant, 'connecting', { version: null, message: null });
      await this.core?.readLast(signal);
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      this.logger.warn({ err: error }, 'The last counters of the node could not be charged');
    }
  }

  private async run(): Promise<void> {
    while (!this.stopping && !this.isRetired) {
      this.pause.reset();
      let waitMs: number;
      try {
        this.lease.assertHeld();
        waitMs = await this.round();
        this.databaseFailed = false;
      } catch (error) {
        if (error instanceof LeaseLost) break;
        if (this.stopping) break;
        waitMs = this.onUnexpected(error);
      }
      if (!this.stopping && !this.isRetired) await this.pause.wait(waitMs);
    }
    if (!this.stopping) this.connection.close();
  }

  /** One look at the node, with everything that is due. Returns after how many milliseconds to look again. */
  private async round(): Promise<number> {
    const state = await this.services.states.of(this.lease.grant);
    this.generation ??= state.generation;
    this.isWanted = isEnabled(state);
    if (this.generation !== state.generation && isEnabled(state)) return this.giveUpConnection();
    if (this.core && this.connection.lost?.aborted) await this.onDeath(state);
    // The database went back: what is known of it is true no more, so the core is looked at as if for the first time.
    if (this.core && this.core.outboxId !== state.outboxId) this.core = undefined;
    if (!this.core && state.nextAttemptAt > state.now) {
      return Math.min(LOOK_MS, state.nextAttemptAt.getTime() - state.now.getTime());
    }
    try {
      await this.converge(state);
      this.watchLoss();
      const waitMs = (await this.core?.work(state)) ?? LOOK_MS;
      return Math.min(LOOK_MS, waitMs);
    } catch (error) {
      return this.onNodeFailure(state, error);
    }
  }

  /**
   * The node is at another address, or trusted anew: whoever leases it next connects anew. A core where it was is ended, or
   * it would serve its users for ever as they are now.
   */
  private async giveUpConnection(): Promise<number> {
    await this.stopCore().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'The core at the former address could not be ended');
    });
    this.isRetired = true;
    return 0;
  }

  /** A core that ends is noticed at once, not at the next look. */
  private watchLoss(): void {
    const { lost } = this.connection;
    if (lost === this.watched) return;
    this.watched = lost;
    lost?.addEventListener('abort', () => this.wake(), { once: true });
  }

  /** Attaches to a core, or starts, restarts or stops it, as the rows ask. */
  private async converge(state: NodeState): Promise<void> {
    const active = this.services.configs.current();
    const enabled = isEnabled(state);
    const observed = this.core
      ? { running: true as const, configMark: this.core.configMark }
      : await this.observe(state, enabled);
    const step = planCore(
      {
        enabled,
        restartGeneration: state.restartGeneration,
        configVersion: active.version,
        configMark: configMark(active.hash),
      },
      {
        restartGeneration: state.appliedRestartGeneration,
        configVersion: state.appliedConfigVersion,
        lastGoodVersion: state.lastGoodConfigVersion,
        isRetryDue: state.retryRefusedAt === null || state.retryRefusedAt <= state.now,
        configMark: state.appliedConfigHash === null ? undefined : configMark(state.appliedConfigHash),
      },
      observed,
    );
    if (!this.core && 'process' in observed) {
      this.core = await AttachedCore.toFound(this.context, state, observed);
      this.endedFor = undefined;
    }
    if (step.do === 'restart') await this.restart(state, step.configVersion, step.reason);
    else if (step.do === 'stop') await this.stopCore();
    else if (this.core) await this.core.confirmConfig(state, active);
    if (!enabled) await this.services.runtime.recordRetirement(this.lease.grant, state.generation);
    this.isRetired = !enabled;
  }

  /** A node that another panel took is left alone, unless an operator asks for it again. */
  private async observe(state: NodeState, enabled: boolean): Promise<CoreState> {
    try {
      return await this.connection.observe(this.signal);
    } catch (error) {
      const isAskedFor = state.restartGeneration !== state.appliedRestartGeneration;
      if (error instanceof HeldByAnother && (isAskedFor || !enabled)) return { running: false };
      throw error;
    }
  }

  private async restart(state: NodeState, version: bigint, reason: RestartReason): Promise<void> {
    this.logger.log(RESTARTS[reason]);
    const former = this.core;
    const isOfFormer = reason === 'not_running' && this.endedFor !== undefined;
    const startedFor = isOfFormer ? this.endedFor! : reason;
    this.endedFor = startedFor; // also if it fails, and something else is tried
    const { configs } = this.services;
    const wanted = configs.current();
    try {
      this.core = await AttachedCore.toStarted(this.context, {
        state,
        wanted,
        config: await configs.byVersion(version),
        reason: startedFor,
        refusal: version === wanted.version ? undefined : knownRefusal(state, wanted.version, version),
        former,
      });
    } catch (error) {
      if (former?.isOver) this.core = undefined;
      const lastGood = state.lastGoodConfigVersion;
      if (!(error instanceof CoreRefused) || lastGood === null || lastGood === version) throw error;
      const message = `${refusalOf(version, lastGood)}: ${error.message}`;
      const refusals = state.appliedConfigVersion === version ? state.refusals + 1 : 1;
      const retryAfterSeconds = retryRefusedAfterSeconds(refusals, Math.random());
      this.logger.error(`${message} (trying v${version} again in ${retryAfterSeconds.toFixed(0)} s)`);
      const refusal = { message, refusals, retryAfterSeconds };
      const config = await configs.byVersion(lastGood);
      this.core = await AttachedCore.toStarted(this.context, {
        state,
        wanted,
        config,
        reason: 'refused',
        refusal,
        former: undefined,
      });
    }
    this.endedFor = undefined;
    this.logger.log(`Xray ${this.core.version} runs`);
  }

  private async stopCore(): Promise<void> {
    const former = this.core;
    this.core = undefined;
    await former?.readLast(this.signal);
    await this.connection.stop();
    await former?.chargeLast();
  }

  private async onDeath(state: NodeState): Promise<void> {
    const ranMs = performance.now() - (this.core?.since ?? 0);
    this.crashes = ranMs > STABLE_MS ? 1 : this.crashes + 1;
    this.core = undefined;
    this.endedFor = 'died';
    const waitSeconds = retryAfterSeconds(this.crashes - 1, Math.random());
    this.logger.error(`Xray ended by itself; it is started again in ${waitSeconds.toFixed(1)} s`);
    await this.fail(this.crashes, waitSeconds, 'Xray ended by itself');
    state.nextAttemptAt = new Date(state.now.getTime() + waitSeconds * 1000);
  }

  /** Decides what a failure of the node means; one of the database is left to {@link onUnexpected}. */
  private async onNodeFailure(state: NodeState, error: unknown): Promise<number> {
    if (error instanceof CoreReplaced) {
      this.core = undefined; // look again: it is found as a new process
      this.endedFor = 'died';
      return 0;
    }
    const isNodes = error instanceof CoreError || error instanceof CoreRefused;
    if (!isNodes || this.signal.aborted) throw error;
    if (this.core) {
      if (this.connection.lost?.aborted) return 0;
      if (!(error instanceof CoreSilent) && !this.core.hasFallenSilent(this, error)) return RETRY_MS;
      this.core = undefined;
      this.endedFor = 'died';
      const message = `Xray does not answer: ${error.message}`;
      await this.services.runtime.showStatus(this.lease.grant, 'error', { version: null, message });
      if (this.connection.endsWithOwner) await this.connection.stop();
      return 0;
    }
    const failures = state.failures + 1;
    const waitSeconds = retryAfterSeconds(failures, Math.random());
    this.logger.error(`${error.message} (trying again in ${waitSeconds.toFixed(1)} s)`);
    const isHung = error instanceof CoreError && failures >= MAX_SILENT_CALLS;
    if (this.connection.endsWithOwner && isHung) await this.connection.stop();
    await this.fail(failures, waitSeconds, error.message);
    return waitSeconds * 1000;
  }

  private async fail(failures: number, retryAfterSeconds: number, message: string): Promise<void> {
    const { runtime } = this.services;
    await runtime.recordFailure(this.lease.grant, { failures, retryAfterSeconds, message });
    await runtime.showStatus(this.lease.grant, 'error', { version: null, message });
  }

  /** The database, or a bug. The node is left as it is. */
  private onUnexpected(error: unknown): number {
    if (!this.databaseFailed) this.logger.error({ err: error }, 'The node cannot be worked on at the moment');
    this.databaseFailed = true;
    return RETRY_MS;
  }
}

function refusalOf(refused: bigint, running: bigint): string {
  return `config v${refused} refused, running v${running}`;
}

/** The refusal that was met earlier: with the core's words as long as nothing else was shown since. */
function knownRefusal(state: NodeState, refused: bigint, running: bigint): Refusal {
  const text = refusalOf(refused, running);
  const message = state.message?.startsWith(text) ? state.message : text;
  return { message, refusals: state.refusals, retryAfterSeconds: undefined };
}

function isEnabled({ kind, status, isDeleted }: NodeState): boolean {
  return kind === 'local' || (status !== 'disabled' && !isDeleted);
}

const RESTARTS: Record<RestartReason, string> = {
  not_running: 'Xray is started, since none runs',
  shut_out: 'Xray is restarted, since it does not let this replica in',
  operator: 'Xray is restarted, as an operator asked',
  config: 'Xray is restarted with another config',
  retry: 'Xray is restarted to try the config again that it refused',
};
