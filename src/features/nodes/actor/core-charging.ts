import { performance } from 'node:perf_hooks';
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

/** Charges what one core process counts: again and again, and a last time when it is ended. */
export class CoreCharging {
  readonly users: Chore<NodeState>;
  readonly outbounds: Chore<NodeState>;
  private readonly logger: Logger;
  private readonly meter: UsageMeter;
  private readonly reviews: DueReviews;
  /** The coefficient that the poll under way was started for. */
  private nextRate: number | undefined;
  private isLastRead = false;

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
    this.users = {
      due: firstAfter(this.intervals.users),
      run: async (state, signal) => {
        const isCharged = await this.pollUsers(signal);
        // The traffic so far is charged by the old coefficient before the new one holds.
        if (isCharged && !isRateCharged(state))
          await services.runtime.recordCoefficient(lease.grant, state.usageCoefficient);
      },
    };
    this.outbounds = {
      due: firstAfter(this.intervals.outbounds),
      run: (_, signal) => this.pollOutbounds(signal),
    };
  }

  /** Polls at once for a coefficient that is not yet charged by. */
  takeRate(state: NodeState): void {
    if (isRateCharged(state) || this.nextRate === state.usageCoefficient) return;
    this.nextRate = state.usageCoefficient;
    this.users.due = 0;
  }

  recentTraffic() {
    return this.meter.recent.sighting(performance.now());
  }

  /** Charges everything the core has counted up to now. Nothing else may be under way. */
  async pollAll(signal: AbortSignal): Promise<void> {
    await this.pollUsers(signal);
    await this.pollOutbounds(signal);
  }

  /**
   * To be called right before the core is ended, and {@link chargeLast} after that. Charging takes a while in which the
   * core goes on counting, so it is read once more, and that little is charged later. A core that cannot be read is ended
   * all the same. @throws LeaseLost, for then it is not ours to end
   */
  async readLast(signal: AbortSignal): Promise<void> {
    try {
      await this.pollAll(signal).catch((error: unknown) => {
        if (error instanceof CoreError || error instanceof CoreReplaced || error instanceof LeaseLost)
          throw error;
        this.logger.warn({ err: error }, 'The counters of the core cannot be charged at the moment');
      });
      await this.meter.read(this.context.connection, signal);
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
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

  /** Whether what was read is charged; if not, the next poll is due at once. */
  private async pollUsers(signal: AbortSignal): Promise<boolean> {
    const due = await unlessRefused(this.meter.pollUsers(this.context.connection, signal));
    const now = performance.now();
    this.users.due = due ? now + this.intervals.users : now;
    if (due) void this.reviews.add(due); // which need not be waited for: the next poll has its own pace
    return due !== undefined;
  }

  private async pollOutbounds(signal: AbortSignal): Promise<void> {
    await unlessRefused(this.meter.pollOutbounds(this.context.connection, signal)); // the next one holds it
    this.outbounds.due = performance.now() + this.intervals.outbounds;
  }

  private get intervals(): { users: number; outbounds: number } {
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
