import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import { configMark, markerTag } from '../../../xray/config/index.js';
import { CoreError } from '../../../xray/grpc/index.js';
import type { ActiveCoreConfig } from '../../core/index.js';
import type { CoreConnection, CoreState } from '../adapters/core-connection.js';
import type { Cursor, OutboxPlace } from '../domain/change-cursor.js';
import { type CoreProcess, CoreReplaced, isSameProcess, KnownProcess } from '../domain/core-process.js';
import type { StartReason } from '../domain/core-start.js';
import type { Sighting } from '../domain/sighting.js';
import { type Reading, UsageMeter } from '../metering/usage-meter.js';
import { PollRefused } from '../metering/usage.repository.js';
import type { ChangeFollower } from '../convergence/change-feed.js';
import { audit, type Difference } from '../convergence/audit.js';
import type { SharedBody } from '../convergence/core-bodies.js';
import { type Chore, Chores } from './chores.js';
import type { NodeLease } from './node-lease.js';
import type { CoreAccount, NodeState, Refusal } from './node-runtime.repository.js';
import type { NodeServices } from './node-services.js';
import { CoreSilent, Silence } from './silence.js';
import { UserSync } from '../convergence/user-sync.js';

const RUNS_WELL = { status: 'connected', message: null } as const;
const RETRY_MS = 1_000;
const HEALTH_MS = 5_000;
const AUDIT_MS = 300_000;
const SAVE_CURSOR_MS = 1_000;
/** A cursor that only follows the clock of transactions is saved less often. */
const SAVE_IDLE_CURSOR_MS = 30_000;

/** Who cares for the core, and with what. */
export interface CoreContext {
  services: NodeServices;
  lease: NodeLease;
  connection: CoreConnection;
  /** Aborted when all work on the node has to end. */
  signal: AbortSignal;
  /** Tells whoever cares that there is something to do. */
  wake(): void;
}

interface Running {
  version: string;
  process: CoreProcess;
  account: CoreAccount;
  config: ActiveCoreConfig | undefined;
  configMark: string | undefined;
  place: OutboxPlace;
}

/** One running core process under its owner's care: its users are kept true and its counters charged. */
export class AttachedCore {
  /** Milliseconds of the monotonic clock. */
  readonly since = performance.now();
  readonly version: string;
  readonly configMark: string | undefined;
  /** What its cursor is a place in. */
  readonly outboxId: string;
  private readonly logger: Logger;
  private readonly meter: UsageMeter;
  private readonly sync: UserSync;
  private readonly process: KnownProcess;
  private readonly changes: ChangeFollower;
  private saved: { cursor: Cursor; at: number };
  private hasNews = false;
  private isAudited: boolean;
  private last: Reading | undefined;
  private isLastRead = false;
  private readonly silence = new Silence();
  private readonly userPoll: Chore<NodeState>;
  private readonly outboundPoll: Chore<NodeState>;
  private readonly health: Chore<NodeState>;
  private readonly comparison: Chore<NodeState>;
  private readonly chores: Chores<NodeState>;
  /** The coefficient that the poll under way was started for. */
  private nextRate: number | undefined;
  private readonly toReview = new Set<number>();
  private reviewing: Promise<void> | undefined;

  private readonly services: NodeServices;
  private readonly lease: NodeLease;
  private readonly connection: CoreConnection;

  private constructor(
    private readonly context: CoreContext,
    running: Running,
    isFresh: boolean,
  ) {
    const { services, lease, connection } = context;
    this.services = services;
    this.lease = lease;
    this.connection = connection;
    this.logger = new Logger(`Node ${lease.grant.nodeId}`);
    this.version = running.version;
    this.configMark = running.configMark;
    this.outboxId = running.place.outboxId;
    this.process = new KnownProcess(running.process);
    const metered = { grant: lease.grant, process: this.process, ...running.account };
    this.meter = new UsageMeter(services.usage, metered, services.config.recordNodeUsage);
    this.changes = services.changes.follow(running.place.cursor, context.wake);
    this.saved = { cursor: running.place.cursor, at: this.since };
    this.isAudited = isFresh;
    const { userUsagesSeconds, nodeUsagesSeconds } = services.config.jobs;
    const since = (milliseconds: number) => (isFresh ? this.since + milliseconds : this.since);
    this.userPoll = {
      due: since(userUsagesSeconds * 1000),
      run: async (state, signal) => {
        const isCharged = await this.pollUsers(signal);
        // The traffic so far is charged by the old coefficient before the new one holds.
        if (isCharged && !isRateCharged(state))
          await services.runtime.recordCoefficient(lease.grant, state.usageCoefficient);
      },
    };
    this.outboundPoll = {
      due: since(nodeUsagesSeconds * 1000),
      run: (_, signal) => this.pollOutbounds(signal),
    };
    this.health = { due: this.since + HEALTH_MS, run: (_, signal) => this.checkHealth(signal) };
    this.comparison = { due: since(spread(AUDIT_MS)), run: (_, signal) => this.audit(signal) };
    const chores = [this.userPoll, this.outboundPoll, this.health, this.comparison];
    this.chores = new Chores(chores, context.signal, context.wake);
    this.sync = new UserSync(
      {
        connection,
        inbounds: running.config?.inbounds ?? [],
        findUsers: (ids) => services.desired.byIds(ids),
        assertOwner: () => lease.assertHeld(),
        onFailure: (userId, error) =>
          this.logger.warn(`User ${userId} could not be applied: ${error.message}`),
      },
      running.place.cursor,
    );
  }

  /** Takes over a core that runs. Its accounts are compared soon, and its counters go on where they were charged. */
  static async toFound(
    context: CoreContext,
    state: NodeState,
    found: Extract<CoreState, { running: true }>,
  ): Promise<AttachedCore> {
    const { services } = context;
    const { grant } = context.lease;
    const isNew = !isSameProcess(state.process, found.process);
    const config = await configOf(services, state, found.configMark);
    const { process, version } = found;
    const seen = { process, isNew, version, configVersion: config?.version ?? null };
    const account = await services.runtime.recordFound(grant, seen);
    if (config) {
      const { status, message } = state.status === 'error' ? state : RUNS_WELL;
      await services.runtime.showStatus(grant, status, { version: found.version, message });
    }
    const place = state.fullSyncNeeded ? await services.changes.horizon() : state;
    const running = { ...found, account, config, place };
    return new AttachedCore(context, running, false);
  }

  /**
   * Starts a core with all users of this moment, after the end of the `former` one. `refusal` tells why this is not the
   * wanted config.
   * @throws CoreRefused
   */
  static async toStarted(
    context: CoreContext,
    what: {
      state: NodeState;
      wanted: ActiveCoreConfig;
      config: ActiveCoreConfig;
      reason: StartReason;
      refusal: Refusal | undefined;
      former: AttachedCore | undefined;
    },
  ): Promise<AttachedCore> {
    const { services, lease, connection, signal } = context;
    const { state, wanted, config, reason, refusal, former } = what;
    const beforeEnd = async () => {
      await former?.readLast(signal);
      lease.assertHeld(); // all of that took a while
    };
    const marker = markerTag(config.hash, randomBytes(8).toString('hex'));
    const start = async (body: SharedBody) => {
      lease.assertHeld();
      const version = await connection
        .restart(body.marked(marker), beforeEnd, signal)
        .finally(() => former?.chargeLast());
      return { version, place: body.place };
    };
    const { version, place } = await services.starts.pass(() => services.bodies.use(config, start));
    const account = await services.runtime.recordStart(lease.grant, {
      version,
      marker,
      reason,
      generation: state.generation,
      restartGeneration: state.restartGeneration,
      configVersion: wanted.version,
      runningVersion: config.version,
      runningHash: config.hash,
      place,
      refusal,
    });
    const running = {
      version,
      process: { marker, uptimeSeconds: 0 },
      account,
      config,
      configMark: configMark(config.hash),
      place,
    };
    return new AttachedCore(context, running, true);
  }

  /** Notes that this core runs the active config, also when only its version is new. */
  async confirmConfig(state: NodeState, active: ActiveCoreConfig): Promise<void> {
    if (this.configMark !== configMark(active.hash)) return;
    const isNoted =
      state.appliedConfigVersion === active.version && state.lastGoodConfigVersion === active.version;
    if (!isNoted) await this.services.runtime.recordConfig(this.lease.grant, active);
    if (state.status !== 'connected') {
      await this.services.runtime.showStatus(this.lease.grant, 'connected', {
        version: this.version,
        message: null,
      });
    }
  }

  sighting(): Sighting {
    return { pending: this.sync.pending, ...this.meter.recent.sighting(performance.now()) };
  }

  /**
   * Applies what users have changed, which waits for nothing, and starts what else is due. Returns in how many
   * milliseconds something is due again. @throws CoreSilent
   */
  async work(state: NodeState): Promise<number> {
    if (!isRateCharged(state) && this.nextRate !== state.usageCoefficient) {
      this.nextRate = state.usageCoefficient;
      this.userPoll.due = 0;
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
    return this.sync.isDue(now) ? 0 : Math.max(0, this.chores.nextDue - now);
  }

  /** Takes note that a call has failed. Whether that was one too many. */
  hasFallenSilent(call: object, error: Error): boolean {
    this.logger.warn(`Xray does not answer: ${error.message}`);
    return this.silence.failed(call);
  }

  /** Gives up what is under way beside {@link work}, and waits for its end. */
  async quiet(): Promise<void> {
    await this.chores.giveUp();
  }

  /** Charges everything the core has counted up to now. */
  async readCounters(signal: AbortSignal): Promise<void> {
    await this.quiet();
    await this.pollUsers(signal);
    await this.pollOutbounds(signal);
  }

  /**
   * To be called right before the core is ended, and {@link chargeLast} after that. Charging takes a while in which the
   * core goes on counting, so it is read once more, and that little is charged later. Never fails: a core that cannot be
   * read is ended all the same.
   */
  async readLast(signal: AbortSignal): Promise<void> {
    try {
      await this.readCounters(signal);
      this.last = await this.meter.read(this.connection, signal);
    } catch (error) {
      this.logger.warn({ err: error }, 'The last counters of the core could not be read');
    }
    this.isLastRead = true;
  }

  /** Whether the core has been ended, or is about to be. */
  get isOver(): boolean {
    return this.isLastRead;
  }

  /** Charges what {@link readLast} has read at last. Never fails either. */
  async chargeLast(): Promise<void> {
    const { last } = this;
    if (!last) return;
    this.last = undefined;
    try {
      await this.review(await this.meter.charge(last));
    } catch (error) {
      this.logger.warn({ err: error }, 'The last counters of the core could not be charged');
    }
  }

  async saveCursor(): Promise<void> {
    const cursor = this.sync.appliedTo;
    const isSynced = this.isAudited && this.sync.pending === 0;
    await this.services.runtime.saveCursor(this.lease.grant, { outboxId: this.outboxId, cursor }, isSynced);
    this.saved = { cursor, at: performance.now() };
    this.hasNews = this.sync.pending > 0; // the cursor moves once they are applied
  }

  /** Ends the care for the core, whatever becomes of it. */
  close(): void {
    this.changes.close();
    void this.quiet();
  }

  private judge(call: object, error: unknown): void {
    if (!(error instanceof CoreError) || this.context.signal.aborted) throw error;
    if (this.connection.lost?.aborted) throw error;
    if (this.hasFallenSilent(call, error)) throw new CoreSilent(error.message);
  }

  private takeChanges(): void {
    for (const { changes, from, to } of this.changes.take()) {
      this.sync.take(changes, from, to);
      if (changes.length > 0) this.hasNews = true;
    }
  }

  /** Whether what was read is charged; if not, the next poll is due at once. */
  private async pollUsers(signal: AbortSignal): Promise<boolean> {
    const due = await unlessRefused(this.meter.pollUsers(this.connection, signal));
    const now = performance.now();
    this.silence.answered(this.userPoll);
    this.userPoll.due = due ? now + this.services.config.jobs.userUsagesSeconds * 1000 : now;
    this.health.due = now + HEALTH_MS;
    if (due) void this.review(due); // which need not be waited for: the next poll has its own pace
    return due !== undefined;
  }

  private review(due: readonly number[]): Promise<void> {
    for (const id of due) this.toReview.add(id);
    this.reviewing ??= this.reviewAll().finally(() => (this.reviewing = undefined));
    return this.reviewing;
  }

  private async reviewAll(): Promise<void> {
    try {
      while (this.toReview.size > 0) {
        const ids = [...this.toReview];
        this.toReview.clear();
        await this.services.users.reviewUsers(ids);
      }
    } catch (error) {
      // The periodic review finds them too.
      this.logger.warn({ err: error }, 'Users who may have reached a limit could not be reviewed at once');
    }
  }

  private async pollOutbounds(signal: AbortSignal): Promise<void> {
    await unlessRefused(this.meter.pollOutbounds(this.connection, signal)); // the next one holds it
    this.silence.answered(this.outboundPoll);
    this.outboundPoll.due = performance.now() + this.services.config.jobs.nodeUsagesSeconds * 1000;
  }

  private async checkHealth(signal: AbortSignal): Promise<void> {
    await this.process.ask(async () => {
      const seen = await this.connection.observe(signal);
      if (!seen.running) throw new CoreReplaced();
      return seen;
    });
    const interval = Math.min(HEALTH_MS, this.services.config.jobs.coreHealthSeconds * 1000);
    this.silence.answered(this.health);
    this.health.due = performance.now() + interval;
  }

  private async audit(signal: AbortSignal): Promise<void> {
    const { connection, services } = this;
    let found: Difference[];
    try {
      found = await audit(connection, this.sync.inbounds, (take) => services.desired.snapshot(take), signal);
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== 'unsupported') throw error;
      this.comparison.due = Infinity;
      return this.logger.warn('This Xray cannot list its users, so nobody can tell whether they are right');
    }
    this.silence.answered(this.comparison);
    this.comparison.due = performance.now() + spread(AUDIT_MS);
    for (const { userId, email } of found) this.sync.addDifference(userId, email);
    this.isAudited = true;
    this.hasNews = true; // that it is
    if (found.length > 0) this.logger.log(`${found.length} users differ on the core and are applied again`);
  }

  private async saveCursorSometimes(): Promise<void> {
    const passed = performance.now() - this.saved.at;
    if (passed < (this.hasNews ? SAVE_CURSOR_MS : SAVE_IDLE_CURSOR_MS)) return;
    await this.saveCursor();
  }
}

/** The config that a mark stands for: a core runs the wanted one, or the one that was started last. */
async function configOf(
  { configs }: NodeServices,
  state: NodeState,
  mark: string | undefined,
): Promise<ActiveCoreConfig | undefined> {
  const active = configs.current();
  if (mark === configMark(active.hash)) return active;
  for (const version of new Set([state.appliedConfigVersion, state.lastGoodConfigVersion])) {
    if (version === null) continue;
    const config = await configs.byVersion(version).catch(() => undefined);
    if (config && configMark(config.hash) === mark) return config;
  }
  return undefined;
}

function isRateCharged({ usageCoefficient, chargedCoefficient }: NodeState): boolean {
  return usageCoefficient === chargedCoefficient;
}

async function unlessRefused<T>(poll: Promise<T>): Promise<T | undefined> {
  try {
    return await poll;
  } catch (error) {
    if (error instanceof PollRefused) return undefined;
    throw error;
  }
}

/** Within a tenth of the interval, so that many nodes do not keep in step. */
function spread(milliseconds: number): number {
  return milliseconds * (0.9 + 0.2 * Math.random());
}
