import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import { configMark } from '../../../xray/config/index.js';
import { CoreError } from '../../../xray/grpc/index.js';
import { SpoolFailed } from '../../../shared/spool.js';
import {
  CoreRefused,
  type CoreState,
  HeldByAnother,
  type StartableCore,
} from '../adapters/core-connection.js';
import { CoreReplaced } from '../domain/core-process.js';
import type { StartReason } from '../domain/core-start.js';
import { type Failure, planDeath, planFailure } from '../domain/failure.js';
import { isAtSamePlace, isEnabled, type NodeState } from '../domain/node-state.js';
import { type CoreStep, planCore, type RestartReason } from '../domain/plan.js';
import { heldBack, heldBackBeginning, rollOutKind } from '../domain/roll-out.js';
import type { NodeStatus } from '../node.js';
import { attachFound, attachStarted, noteStarted } from './attachment.js';
import type { AttachedCore } from './attached-core.js';
import type { CoreContext } from './core-context.js';
import { CoreSlot } from './core-slot.js';
import { convergeForeign } from './foreign-attachment.js';
import { CoreSilent } from './silence.js';

/** Whatever may be due is found by looking so often; what others write and users that change wake us. */
const LOOK_MS = 2_000;
/** A core that runs well says itself when something is due. */
const QUIET_LOOK_MS = 10_000;
const RETRY_MS = 1_000;
/** A fault of the service that is not seen again for so long is over. */
const FAULTLESS_MS = 10_000;

/** Keeps the core of one node as its rows ask: step after step, it compares them with what is there. */
export class CoreKeeper {
  /** The node is disabled and its core stopped: there is nothing to do until it is leased anew. */
  isRetired = false;
  /** Whether the node is to run, as far as is known: one that is not may be out of reach, and so stay for long. */
  isWanted = true;
  private readonly logger: Logger;
  private readonly slot: CoreSlot;
  /** Why there is none, where it has been there. */
  private endedFor: StartReason | undefined;
  private watched: AbortSignal | undefined;
  /** As it was when this one began. */
  private first: NodeState | undefined;
  private crashes = 0;
  private faultAt = -Infinity;

  constructor(private readonly context: CoreContext) {
    this.logger = new Logger(`Node ${context.lease.grant.nodeId}`);
    this.slot = new CoreSlot(context, this.logger);
  }

  get core(): AttachedCore | undefined {
    return this.slot.core;
  }

  private set core(core: AttachedCore | undefined) {
    this.slot.core = core;
  }

  /** One look at the node, with everything that is due. Returns after how many milliseconds to look again. */
  async round(): Promise<number> {
    const { configs, states } = this.context.services;
    const state = await states.of(this.context.lease.grant);
    this.first ??= state;
    this.isWanted = isEnabled(state);
    if (this.first.generation !== state.generation && isEnabled(state)) return this.giveUpConnection(state);
    if (this.core && this.context.connection.lost?.aborted) await this.onDeath(state);
    // The database went back: what is known of it is true no more, so the core is looked at as if for the first time.
    if (this.core && this.core.outboxId !== state.outboxId) this.core = undefined;
    if (!this.core && state.nextAttemptAt > state.now) {
      return Math.min(LOOK_MS, state.nextAttemptAt.getTime() - state.now.getTime());
    }
    await this.slot.settle();
    // Another replica may have started the core with a config that this one has yet to hear of.
    if (state.activeConfigVersion > configs.current().version) await configs.refresh();
    try {
      await this.converge(state);
      this.watchLoss();
      const waitMs = (await this.core?.work(state)) ?? LOOK_MS;
      return Math.min(state.status === 'connected' ? QUIET_LOOK_MS : LOOK_MS, waitMs);
    } catch (error) {
      return this.onNodeFailure(state, error);
    }
  }

  /**
   * The node is at another address, or trusted anew: whoever leases it next connects anew. A core where it was is ended, or
   * it would serve its users for ever as they are now.
   */
  private async giveUpConnection(state: NodeState): Promise<number> {
    const { startsCore } = this.context.connection;
    // Users need not be taken off a core that somebody else runs, for another way to it.
    const stays = !startsCore && this.first !== undefined && isAtSamePlace(this.first, state);
    if (!stays) {
      await this.slot.stop().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'The core at the former address could not be ended');
      });
      await this.slot.settle();
    }
    this.isRetired = true;
    return 0;
  }

  /** A core that ends is noticed at once, not at the next look. */
  private watchLoss(): void {
    const { lost } = this.context.connection;
    if (lost === this.watched) return;
    this.watched = lost;
    lost?.addEventListener('abort', this.context.wake, { once: true });
  }

  /** Brings the core to what the rows ask for. */
  private async converge(state: NodeState): Promise<void> {
    const { connection, services, lease } = this.context;
    const enabled = isEnabled(state);
    if (connection.startsCore) await this.convergeOwn(connection, state, enabled);
    else if (await convergeForeign(this.context, this.slot, connection, state)) this.endedFor = undefined;
    else if (enabled && !this.isFaulty) await this.core?.confirmShown(state);
    if (!enabled) await services.runtime.recordRetirement(lease.grant, state.generation);
    this.isRetired = !enabled;
  }

  /** Attaches to a core, or starts, restarts or stops it. */
  private async convergeOwn(connection: StartableCore, before: NodeState, enabled: boolean): Promise<void> {
    const active = this.context.services.configs.current();
    const observed = this.core
      ? { running: true as const, configMark: this.core.configMark }
      : await this.observe(connection, before, enabled);
    const state = 'process' in observed ? await noteStarted(this.context, before, observed) : before;
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
      this.core = await attachFound(this.context, state, observed);
      this.endedFor = undefined;
    }
    if (step.do === 'restart') {
      // One that could not be restarted is left at its work until it is tried again.
      if (!this.core || state.nextAttemptAt <= state.now)
        await this.restartInTurn(state, step, active.version);
    } else if (step.do === 'stop') await this.slot.stop();
    else if (this.core && (await this.core.confirmConfig(state, active)) && !this.isFaulty)
      await this.core.confirmShown(state);
  }

  /** A node that another panel took is left alone, unless an operator asks for it again. */
  private async observe(connection: StartableCore, state: NodeState, enabled: boolean): Promise<CoreState> {
    try {
      const { services, signal } = this.context;
      return await services.attaches.pass(() => connection.observe(signal), signal);
    } catch (error) {
      const isAskedFor = state.restartGeneration !== state.appliedRestartGeneration;
      if (error instanceof HeldByAnother && (isAskedFor || !enabled)) return { running: false };
      throw error;
    }
  }

  /** Restarts the core, unless that is part of a roll-out in which it is not this node's turn. */
  private async restartInTurn(state: NodeState, step: Restart, wanted: bigint): Promise<void> {
    const { configVersion: version, reason } = step;
    const kind = rollOutKind(step, wanted, state);
    if (kind === undefined) return this.restart(state, version, reason);
    const { rollOuts, runtime } = this.context.services;
    const { grant } = this.context.lease;
    const answer = rollOuts.ask(grant, { version, kind }, this.context.wake);
    const running = state.lastGoodConfigVersion;
    switch (answer.do) {
      case 'go':
        return this.restart(state, version, reason)
          .catch(async (error: unknown) => {
            // Whatever it was, others need not wait for this node: it asks again.
            await runtime.leaveRollOut(grant).catch(() => undefined);
            throw error;
          })
          .finally(() => rollOuts.end(grant));
      case 'wait':
        if (state.message?.startsWith(heldBackBeginning(version)))
          await this.show('connected', null, this.core?.version);
        return;
      case 'stop':
        if (kind === 'start' && running !== null) return this.restart(state, running, reason);
        return this.showHeldBack(state, heldBack(version, running, answer.objection));
    }
  }

  private async showHeldBack(state: NodeState, message: string): Promise<void> {
    if (state.status === 'error' && state.message === message) return;
    this.logger.warn(message);
    await this.show('error', message, this.core?.version);
  }

  private async restart(state: NodeState, version: bigint, asked: RestartReason): Promise<void> {
    this.logger.log(RESTARTS[asked]);
    const { connection } = this.context;
    const former = this.core;
    const reason = asked === 'not_running' && this.endedFor !== undefined ? this.endedFor : asked;
    this.endedFor = reason; // also if it fails, and something else is tried
    try {
      this.core = await attachStarted(this.context, { state, version, reason, former });
    } catch (error) {
      if (former?.isOver) this.core = undefined;
      else if (former && isOfStart(error) && !connection.lost?.aborted) throw new NotRestarted(error);
      throw error;
    }
    this.endedFor = undefined;
    this.logger.log(`Xray ${this.core.version} runs`);
  }

  private async onDeath(state: NodeState): Promise<void> {
    const ranMs = performance.now() - (this.core?.since ?? 0);
    const { crashes, waitSeconds } = planDeath(this.crashes, ranMs, Math.random());
    this.crashes = crashes;
    this.core = undefined;
    this.endedFor = 'died';
    this.logger.error(`Xray ended by itself; it is started again in ${waitSeconds.toFixed(1)} s`);
    await this.fail(crashes, waitSeconds, 'Xray ended by itself');
    state.nextAttemptAt = new Date(state.now.getTime() + waitSeconds * 1000);
  }

  /** Does what a failure of the node asks for; one of the database is left to {@link onUnexpected}. */
  private async onNodeFailure(state: NodeState, error: unknown): Promise<number> {
    const step = planFailure(this.failureOf(state, error), Math.random());
    switch (step.do) {
      case 'look_again':
        return 0;
      case 'retry':
        return RETRY_MS;
      case 'drop_core':
        this.core = undefined;
        this.endedFor = 'died';
        if (step.message === undefined) return 0;
        await this.show('error', step.message);
        await this.endHung();
        return 0;
      case 'back_off':
        this.logger.error(`${step.message} (trying again in ${step.waitSeconds.toFixed(1)} s)`);
        if (step.endsCore) await this.endHung();
        await this.fail(step.failures, step.waitSeconds, step.message);
        return Math.min(LOOK_MS, step.waitSeconds * 1000);
    }
  }

  /** Only a core that is ours alone is ended because it hangs. */
  private async endHung(): Promise<void> {
    const { connection, lease, signal } = this.context;
    if (!connection.endsWithOwner) return;
    lease.assertHeld();
    await connection.stop(signal);
  }

  /** @throws what is no failure of the node */
  private failureOf(state: NodeState, error: unknown): Failure {
    if (error instanceof CoreReplaced) return { what: 'replaced' };
    const isOfRestart = error instanceof NotRestarted;
    const isNodes = isOfRestart || isOfStart(error) || error instanceof CoreRefused;
    if (!isNodes || this.context.signal.aborted) throw error;
    const { message } = error;
    if (isOfRestart) return { what: 'node', message, mayHang: false, before: state.failures };
    const { core } = this;
    if (!core) return { what: 'node', message, mayHang: error instanceof CoreError, before: state.failures };
    const isLost = this.context.connection.lost?.aborted === true;
    const isSilent = !isLost && (error instanceof CoreSilent || core.hasFallenSilent(this, error));
    return { what: 'core', message, isLost, isSilent };
  }

  private async fail(failures: number, retryAfterSeconds: number, message: string): Promise<void> {
    const { runtime } = this.context.services;
    await runtime.recordFailure(this.context.lease.grant, { failures, retryAfterSeconds, message });
    await this.show('error', message);
  }

  /** Tells of a fault that is the service's own. It stands until it was not seen for a while. */
  async showFault(message: string): Promise<void> {
    this.faultAt = performance.now();
    await this.show('error', message, this.core?.version);
  }

  private get isFaulty(): boolean {
    return performance.now() - this.faultAt < FAULTLESS_MS;
  }

  /** `version` is that of a core that runs. */
  async show(status: NodeStatus, message: string | null, version: string | null = null): Promise<void> {
    await this.context.services.runtime.showStatus(this.context.lease.grant, status, { version, message });
  }
}

/** Whether a core cannot be started, or nothing kept for its start. */
const isOfStart = (error: unknown): error is CoreError | SpoolFailed =>
  error instanceof CoreError || error instanceof SpoolFailed;

/** Whoever starts cores cannot be reached, or there is no room; the core that runs has nothing to do with it. */
class NotRestarted extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'NotRestarted';
  }
}

type Restart = Extract<CoreStep, { do: 'restart' }>;

const RESTARTS: Record<RestartReason, string> = {
  not_running: 'Xray is started, since none runs',
  shut_out: 'Xray is restarted, since it does not let this replica in',
  operator: 'Xray is restarted, as an operator asked',
  config: 'Xray is restarted with another config',
  retry: 'Xray is restarted to try the config again that it refused',
};
