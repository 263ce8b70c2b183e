import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Handover } from './handover.js';
import { JobLeaseRepository } from './job-lease.repository.js';

/** Leases outlive a few ticks, so that a job does not wander between replicas. */
const LEASE_TICKS = 3;

/**
 * Jobs that run every so often on exactly one replica. A run never overlaps the next, and a failed one is logged
 * and tried again at the next tick.
 */
@Injectable()
export class PeriodicJobs {
  private readonly logger = new Logger('Jobs');
  private readonly running = new Map<string, Promise<void>>();
  private stopping = false;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly leases: JobLeaseRepository,
    handover: Handover,
  ) {
    handover.add(() => this.stop());
  }

  /** Runs `work` every `seconds`, first after one such period. */
  every(name: string, seconds: number, work: () => Promise<unknown>): void {
    const tick = () => {
      if (this.stopping || this.running.has(name)) return;
      const run = this.run(name, seconds, work).finally(() => this.running.delete(name));
      this.running.set(name, run);
    };
    this.scheduler.addInterval(name, setInterval(tick, seconds * 1000));
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    for (const name of this.scheduler.getIntervals()) this.scheduler.deleteInterval(name);
    await Promise.all(this.running.values());
    await this.leases.releaseAll().catch(() => undefined);
  }

  private async run(name: string, seconds: number, work: () => Promise<unknown>): Promise<void> {
    try {
      if ((await this.leases.claim(name, seconds * LEASE_TICKS)) !== undefined) await work();
    } catch (error) {
      this.logger.error({ err: error, job: name }, `The job ${name} failed; it runs again in ${seconds} s`);
    }
  }
}
