import type { Logger } from '@nestjs/common';
import { isDatabaseUnavailable } from '../../../shared/database/unavailable.js';
import { LeaseLost } from '../domain/grant.js';
import type { AttachedCore } from './attached-core.js';
import type { CoreContext } from './core-context.js';

/** The core that is attached to, and what is owed to the one before it. */
export class CoreSlot {
  private attached: AttachedCore | undefined;
  /** One that was given up, and of which something was read that is not charged. */
  private unsettled: AttachedCore | undefined;

  constructor(
    private readonly context: CoreContext,
    private readonly logger: Logger,
  ) {}

  get core(): AttachedCore | undefined {
    return this.attached;
  }

  set core(core: AttachedCore | undefined) {
    const former = this.attached;
    this.attached = core;
    if (!former || former === core) return;
    former.close();
    if (!former.isSettled) this.unsettled = former;
  }

  /** Nothing is charged of a core once there is another one, so whatever was read of it is first, as soon as the database is back. */
  async settle(): Promise<void> {
    try {
      await this.unsettled?.settle();
    } catch (error) {
      if (error instanceof LeaseLost || isDatabaseUnavailable(error)) throw error;
      this.logger.warn({ err: error }, 'The last counters of a core could not be charged');
    }
    this.unsettled = undefined;
  }

  /** Stops the core, or takes all users off one that somebody else runs, and charges what they used. */
  async stop(): Promise<void> {
    const { connection, lease, signal } = this.context;
    const former = this.attached;
    await former?.readLast(signal); // if that is given up, so is the stop, and the core is cared for as before
    lease.assertHeld(); // all of that took a while
    try {
      await connection.stop(signal);
      await former?.chargeLast();
    } finally {
      this.core = undefined;
    }
    await this.settle();
  }
}
