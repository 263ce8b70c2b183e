import { performance } from 'node:perf_hooks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseEvents } from '../database/database-events.js';
import { Handover } from './handover.js';
import { type JobGrant, type JobOutcome, JobRun } from './job-run.js';
import { JobsRepository } from './jobs.repository.js';

const TICK_MS = 1_000;
const RENEW_MS = 5_000;

export type JobWork = (run: JobRun) => Promise<JobOutcome>;

interface Job {
  seconds: number;
  firstAfter: number;
  work: JobWork;
}

/**
 * Jobs that run every so often on one replica, whichever it is. A run is gone on with when its replica dies, and is tried
 * again when it fails; one that was missed is caught up with, once. A replica that was held up may still be at work when
 * another has begun: where that matters, a job guards its writes and looks at the run's signal.
 */
@Injectable()
export class PeriodicJobs implements OnApplicationBootstrap {
  private readonly logger = new Logger('Jobs');
  private readonly jobs = new Map<string, Job>();
  private readonly registered = new Set<string>();
  private readonly running = new Map<string, { run: JobRun; end: Promise<void> }>();
  private ticking: Promise<void> | undefined;
  private stopListening: (() => void) | undefined;
  private stopping = false;
  private hasFailed = false;
  private renewedAt = 0;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly repository: JobsRepository,
    private readonly events: DatabaseEvents,
    handover: Handover,
  ) {
    handover.add(() => this.stop());
  }

  /** Runs `work` every `seconds`, first after one such period or after `firstAfter` seconds. */
  every(name: string, seconds: number, work: JobWork, firstAfter = seconds): void {
    this.jobs.set(name, { seconds, firstAfter, work });
  }

  onApplicationBootstrap(): void {
    this.stopListening = this.events.on('job_wake', () => this.tick());
    this.scheduler.addInterval(
      'jobs',
      setInterval(() => this.tick(), TICK_MS),
    );
  }

  private tick(): void {
    if (this.stopping || this.jobs.size === 0) return;
    this.ticking ??= this.look()
      .then(() => (this.hasFailed = false))
      .catch((error: unknown) => {
        if (!this.hasFailed) this.logger.error({ err: error }, 'Jobs cannot be looked at at the moment');
        this.hasFailed = true;
      })
      .then(() => (this.ticking = undefined));
  }

  private async look(): Promise<void> {
    await this.register();
    if (performance.now() >= this.renewedAt + RENEW_MS) await this.renew();
    const free = [...this.jobs.keys()].filter((name) => !this.running.has(name));
    const since = performance.now();
    for (const grant of await this.repository.claim(free)) this.begin(grant, since);
  }

  private async register(): Promise<void> {
    const unknown = [...this.jobs].filter(([name]) => !this.registered.has(name));
    if (unknown.length === 0) return;
    await this.repository.register(unknown.map(([name, job]) => ({ name, ...job })));
    for (const [name] of unknown) this.registered.add(name);
  }

  private async renew(): Promise<void> {
    const runs = [...this.running.values()].map(({ run }) => run).filter(({ lease }) => lease.isHeld);
    const since = performance.now();
    this.renewedAt = since;
    await this.repository.shortenEndless();
    if (runs.length === 0) return;
    const held = await this.repository.renew(runs.map(({ grant }) => grant));
    for (const { grant, lease } of runs) {
      if (held.has(grant.name)) lease.renewed(since);
      else lease.end();
    }
  }

  private begin(grant: JobGrant, since: number): void {
    const { name } = grant;
    const run = new JobRun(grant, since);
    const end = this.run(run, this.jobs.get(name)!).finally(() => {
      run.lease.end();
      this.running.delete(name);
      this.tick(); // it may be due again
    });
    this.running.set(name, { run, end });
  }

  private async run(run: JobRun, { work }: Job): Promise<void> {
    const { name } = run.grant;
    const begun = performance.now();
    try {
      const outcome = await work(run);
      if (run.signal.aborted) return; // it may have ended early
      await this.repository.succeed(run.grant, outcome);
      const seconds = (performance.now() - begun) / 1000;
      this.logger.debug({ job: name, seconds, ...outcome }, `The job ${name} is done`);
    } catch (error) {
      if (run.signal.aborted) return;
      await this.fail(run, error);
    }
  }

  private async fail({ grant }: JobRun, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    // Without the database it counts as not finished, and is begun anew.
    const seconds = await this.repository.fail(grant, message).catch(() => undefined);
    const again = seconds === undefined ? 'soon' : `in ${Math.ceil(seconds)} s`;
    this.logger.error(
      { err: error, job: grant.name },
      `The job ${grant.name} failed; it runs again ${again}`,
    );
  }

  private async stop(): Promise<void> {
    this.stopping = true;
    this.stopListening?.();
    if (this.scheduler.doesExist('interval', 'jobs')) this.scheduler.deleteInterval('jobs');
    await this.ticking;
    const ends = [...this.running.values()].map(({ run, end }) => {
      run.lease.end();
      return end;
    });
    await Promise.all(ends);
    await this.repository.giveUp().catch(() => undefined);
  }
}
