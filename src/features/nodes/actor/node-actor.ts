import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import { isDatabaseUnavailable } from '../../../shared/database/unavailable.js';
import { Pause } from '../../../shared/scheduling/pause.js';
import { within } from '../../../shared/scheduling/within.js';
import type { CoreConnection } from '../adapters/core-connection.js';
import { noOperations } from '../domain/account-operations.js';
import { ownFailure } from '../domain/failure.js';
import { LeaseLost } from '../domain/grant.js';
import type { Sighting } from '../domain/sighting.js';
import { CoreKeeper } from './core-keeper.js';
import type { NodeLease } from './node-lease.js';
import type { NodeServices } from './node-services.js';

const RETRY_MS = 1_000;
/** For what is under way to come to its end; and again, to write down what is known of the core. */
const HAND_OVER_MS = 3_000;

/**
 * The one that acts on a node while its replica holds the lease, and hands it over or leaves it. Whatever fails is tried
 * again; whatever is missed is seen at the next look.
 */
export class NodeActor {
  private readonly logger: Logger;
  private readonly aborter = new AbortController();
  private readonly signal: AbortSignal;
  private readonly keeper: CoreKeeper;
  private readonly operations = noOperations();
  private done: Promise<void> = Promise.resolve();
  private stopping = false;
  private readonly pause = new Pause();
  private hasFailed = false;

  constructor(
    readonly lease: NodeLease,
    private readonly connection: CoreConnection,
    private readonly services: NodeServices,
  ) {
    this.logger = new Logger(`Node ${lease.grant.nodeId}`);
    this.signal = AbortSignal.any([this.aborter.signal, lease.signal]);
    setMaxListeners(0, this.signal); // one per call in flight
    this.keeper = new CoreKeeper({
      services,
      lease,
      connection,
      operations: this.operations,
      signal: this.signal,
      wake: () => this.wake(),
    });
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
      this.keeper.core?.close();
      onEnd();
    });
  }

  /** Whether another replica could go on with the node at once, with nothing under way and no core ended for it. */
  get canMove(): boolean {
    return this.keeper.core !== undefined && this.connection.movesFreely && !this.stopping;
  }

  sighting(): Sighting {
    const nothing = { pending: null, accounts: null, polledSecondsAgo: null, traffic: null };
    return { ...(this.keeper.core?.sighting() ?? nothing), operations: this.operations };
  }

  /** Whether the node is to run, as far as is known: one that is not may be out of reach, and so stay for long. */
  get isWanted(): boolean {
    return this.keeper.isWanted;
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
    await this.keeper.core?.quiet();
    this.connection.close();
  }

  /** Ends the work in an orderly way: counts what is to be counted, and ends a core that is to end with us. */
  async handOver(): Promise<void> {
    this.stopping = true;
    const since = performance.now();
    const limit = setTimeout(() => this.aborter.abort(), HAND_OVER_MS);
    this.wake();
    await this.done;
    clearTimeout(limit);
    try {
      this.lease.assertHeld();
      await this.settle(2 * HAND_OVER_MS - (performance.now() - since));
      if (!this.connection.endsWithOwner) return;
      this.lease.assertHeld();
      await this.connection.stop(this.lease.signal);
      await this.keeper.core?.settle();
    } catch (error) {
      if (!(error instanceof LeaseLost)) this.logger.warn({ err: error }, 'The core was not ended in order');
    } finally {
      this.connection.close();
    }
  }

  /**
   * Writes down what is known of the core; without the database, what is not written is found again later. One that is about to
   * be ended is asked for what it has counted as long as there is time.
   */
  private async settle(leftMs: number): Promise<void> {
    try {
      await this.services.states.of(this.lease.grant);
      await this.keeper.core?.saveCursor();
      if (!this.connection.endsWithOwner)
        return await this.keeper.core?.readCounters(within(HAND_OVER_MS, this.lease.signal));
      await this.keeper.show('connecting', null);
      const limitMs = Math.max(HAND_OVER_MS, leftMs);
      await this.keeper.core?.readLast(within(limitMs, this.lease.signal), limitMs);
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      this.logger.warn({ err: error }, 'The last counters of the node could not be charged');
    }
  }

  private async run(): Promise<void> {
    while (!this.stopping && !this.keeper.isRetired) {
      this.pause.reset();
      let waitMs: number;
      try {
        this.lease.assertHeld();
        waitMs = await this.keeper.round();
        this.hasFailed = false;
      } catch (error) {
        if (error instanceof LeaseLost || !this.lease.isHeld || this.stopping) break;
        waitMs = await this.onUnexpected(error);
      }
      if (!this.stopping && !this.keeper.isRetired) await this.pause.wait(waitMs);
    }
    if (!this.stopping) this.connection.close();
  }

  /** The database, or a bug. The core is left as it is; an operator hears why nothing becomes of it. */
  private async onUnexpected(error: unknown): Promise<number> {
    if (!this.hasFailed) this.logger.error({ err: error }, 'The node cannot be worked on at the moment');
    this.hasFailed = true;
    // Without its database the service knows nothing new of a core that runs, and could not tell it either.
    if (this.keeper.core && isDatabaseUnavailable(error)) return RETRY_MS;
    await this.keeper.showFault(ownFailure(error)).catch(() => undefined);
    return RETRY_MS;
  }
}
