import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { CoreError } from '../../../xray/grpc/index.js';
import { CoreReplaced } from '../domain/core-process.js';
import { LeaseLost } from '../domain/grant.js';
import { isRateCharged, type NodeState } from '../domain/node-state.js';
import { type MeteredCore, UsageMeter } from '../metering/usage-meter.js';
import { PollRefused } from '../metering/usage.repository.js';
import type { Chore } from './chores.js';
import type { CoreContext } from './core-context.js';
import { DueReviews } from './due-reviews.js';
import { Patience } from './patience.js';

type CounterKind = 'users' | 'outbounds';

/** How long in all a core is waited for that does not answer and is to be ended. */
const LAST_READ_MS = 15_000;
const ASK_AGAIN_MS = 250;

/** Charges what one core process counts: again and again, and a last time when it is ended. */
export class CoreCharging {
  /** Both kinds of counters are read at once, and each is charged when it is due. */
  readonly chore: Chore<NodeState>;
  private readonly logger: Logger;
  private readonly meter: UsageMeter;
  private readonly reviews: DueReviews;
  /** The coefficient that was last polled for, until it is charged by. */
  private nextRate: number | undefined;
  private isLastRead = false;
  private readonly due: Record<CounterKind, number>;

  /** Polls when `firstAfter` says so, of each interval in milliseconds, and then in these intervals. */
  constructor(
    private readonly context: CoreContext,
    core: Omit<MeteredCore, 'grant'>,
    firstAfter: (intervalMs: number) => number,
  ) {
    const { services, lease } = context;
    this.logger = new Logger(`Node ${lease.grant.nodeId}`);
    this.reviews = new DueReviews(services.reviews, this.logger);
    this.meter = new UsageMeter(
      services.usage,
      { grant: lease.grant, ...core },
      services.config.recordNodeUsage,
    );
    const { users, outbounds } = this.intervals;
    this.due = { users: firstAfter(users), outbounds: firstAfter(outbounds) };
    this.chore = {
      due: this.nextDue,
      run: async (state, signal) => {
        const isCharged = await this.poll(this.dueSoon(), signal);
        // The traffic so far is charged by the old coefficient before the new one holds.
        if (isCharged && !isRateCharged(state))
          await services.runtime.recordCoefficient(lease.grant, state.usageCoefficient);
        // It has changed meanwhile.
        if (this.nextRate !== undefined && this.nextRate !== state.usageCoefficient) this.pollNow();
      },
    };
  }

  /** Polls at once for a coefficient that is not yet charged by. */
  takeRate(state: NodeState): void {
    const rate = isRateCharged(state) ? undefined : state.usageCoefficient;
    if (rate !== undefined && rate !== this.nextRate) this.pollNow();
    this.nextRate = rate;
  }

  private pollNow(): void {
    this.due.users = this.chore.due = 0;
  }

  recentTraffic() {
    return this.meter.recent.sighting(performance.now());
  }

  /** Charges everything the core has counted up to now. Nothing else may be under way. */
  async pollAll(signal: AbortSignal, patienceMs?: number): Promise<void> {
    await this.poll({ users: true, outbounds: true }, signal, patienceMs);
  }

  /**
   * To be called right before the core is ended, and {@link chargeLast} after that. Charging takes a while in which the
   * core goes on counting, so it is read once more, and that little is charged later. One late answer tells nothing of
   * a core: it is asked again, and ended all the same when that takes longer than `limitMs`.
   * @throws LeaseLost, or whatever came of `signal`: then it is not ours to end
   */
  async readLast(signal: AbortSignal, limitMs = LAST_READ_MS): Promise<void> {
    const patience = new Patience(limitMs);
    try {
      await patience
        .ask((patienceMs) => this.pollAll(signal, patienceMs))
        .catch((error: unknown) => {
          if (error instanceof LeaseLost || error instanceof CoreReplaced || this.isGone(signal)) throw error;
          this.logger.warn({ err: error }, 'The counters of the core cannot be charged at the moment');
        });
      this.meter.keep(await this.readAtLast(patience, signal)); // which holds what could not be charged, too
    } catch (error) {
      if (error instanceof LeaseLost || signal.aborted) throw error;
      this.logger.warn({ err: error }, 'The last counters of the core could not be read');
    }
    this.isLastRead = true;
  }

  /** Whether the core has been ended, or is about to be. */
  get isOver(): boolean {
    return this.isLastRead;
  }

  /** Charges what {@link readLast} has read at last. Never fails either; {@link settle} makes up for it. */
  async chargeLast(): Promise<void> {
    try {
      await this.settle();
    } catch (error) {
      this.logger.warn({ err: error }, 'The last counters of the core could not be charged');
    }
  }

  /** Whether everything that was read is charged. */
  get isSettled(): boolean {
    return this.meter.isSettled;
  }

  /** Charges what was read and is not charged. @throws CoreReplaced when it is too late; what the database says */
  async settle(): Promise<void> {
    const due = await this.meter.settle();
    if (due.length > 0) await this.reviews.add(due);
  }

  private async readAtLast(patience: Patience, signal: AbortSignal) {
    for (;;) {
      try {
        return await patience.ask((patienceMs) =>
          this.meter.read(this.context.connection, signal, patienceMs),
        );
      } catch (error) {
        if (!(error instanceof CoreError) || patience.isOver || this.isGone(signal)) throw error;
      }
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    }
  }

  /** Whether there is no core to be asked any more, or no time. */
  private isGone(signal: AbortSignal): boolean {
    return signal.aborted || this.context.connection.lost?.aborted === true;
  }

  /** What would be due before half of the time until the next reading: to charge it with this one costs no other reading. */
  private dueSoon(): Record<CounterKind, boolean> {
    const { users, outbounds } = this.intervals;
    const soon = performance.now() + Math.min(users, outbounds) / 2;
    return { users: this.due.users <= soon, outbounds: this.due.outbounds <= soon };
  }

  private get nextDue(): number {
    return Math.min(this.due.users, this.due.outbounds);
  }

  /** Whether users were to be charged and are; if they were refused, the next poll is due at once. */
  private async poll(
    which: Record<CounterKind, boolean>,
    signal: AbortSignal,
    patienceMs?: number,
  ): Promise<boolean> {
    const { meter, intervals } = this;
    const { users, outbounds } = await meter.read(this.context.connection, signal, patienceMs);
    let isCharged = false;
    if (which.users) {
      const reached = await unlessRefused(meter.chargeUsers(users));
      isCharged = reached !== undefined;
      this.due.users = performance.now() + (isCharged ? intervals.users : 0);
      if (reached) void this.reviews.add(reached); // which need not be waited for: the next poll has its own pace
    }
    if (which.outbounds) {
      await unlessRefused(meter.chargeOutbounds(outbounds)); // the next one holds it
      this.due.outbounds = performance.now() + intervals.outbounds;
    }
    this.chore.due = this.nextDue;
    return isCharged;
  }

  private get intervals(): Record<CounterKind, number> {
    const { userUsagesSeconds, nodeUsagesSeconds } = this.context.services.config.jobs;
    return { users: userUsagesSeconds * 1000, outbounds: nodeUsagesSeconds * 1000 };
  }
}

async function unlessRefused<T>(poll: Promise<T>): Promise<T | undefined> {
  try {
    return await poll;
  } catch (error) {
    if (error instanceof PollRefused) return undefined;
    throw error;
  }
}
