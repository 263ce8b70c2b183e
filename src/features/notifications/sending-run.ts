import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.js';
import type { JobOutcome, JobRun } from '../../shared/scheduling/job-run.js';
import { Pause } from '../../shared/scheduling/pause.js';
import { type Channel, type Delivery, type Outcome, shortened } from './channel.js';
import type { Channels } from './channels.js';
import type { DeliveriesRepository } from './deliveries.repository.js';
import { type DueRow, toDelivery } from './delivery-rows.js';
import { inOrder, nextMessage } from './domain/order.js';
import type { TargetLog } from './target-log.js';

/** Targets that are sent to at the same time. */
const MOST_LANES = 32;
/** The queue is looked at now and then: what it is woken by may be lost, and what failed becomes due without a word. */
const LOOK_MS = 2_000;
/** A target that takes longer to answer does not hold the others up while the run ends. */
const SLOW_MS = 1_000;
/** For so long, and then it ends anyway. */
const SLOW_END_MS = 15_000;
/** What is on its way when another process is to send is waited for so long. */
const LEAVE_MS = 3_000;
/** Failures in a row by which it is the target that fails, not what it was sent: all that is due counts as tried. */
const MANY_FAILURES = 20;

/** Work on one target: one message after another. */
interface Lane {
  target: string;
  channel: Channel;
  /** When the message was sent that is not answered yet; of the monotonic clock. */
  sentAt: number | undefined;
}

/** One run of the one sender there is: each target has a lane, and no lane waits for another. */
export class SendingRun {
  private readonly lanes = new Map<string, Promise<void>>();
  private readonly unanswered = new Set<Lane>();
  private readonly begunAt = new Map<string, number>();
  private readonly pause = new Pause();
  private readonly endsAt: number;
  private readonly tally = { delivered: 0, failed: 0, dead: 0 };

  constructor(
    private readonly channels: Channels,
    private readonly deliveries: DeliveriesRepository,
    private readonly targets: TargetLog,
    private readonly settings: Config['notifications'],
    private readonly run: JobRun,
  ) {
    this.endsAt = performance.now() + settings.sendSeconds * 1000;
  }

  wake(): void {
    this.pause.wake();
  }

  async go(): Promise<JobOutcome> {
    const wake = () => this.wake();
    this.run.signal.addEventListener('abort', wake);
    try {
      await this.deliveries.shortenEndless((tx) => this.run.guard(tx), this.settings.retrySeconds);
      while (this.mayGoOn()) await this.pause.wait(await this.look());
    } finally {
      this.run.signal.removeEventListener('abort', wake);
      await Promise.all(this.lanes.values());
    }
    return this.tally;
  }

  /** Has every target sent to for which something is due; returns after how many milliseconds to look again. */
  private async look(): Promise<number> {
    this.pause.reset();
    const leftMs = this.endsAt - performance.now();
    let nextMs = leftMs > 0 ? Math.min(LOOK_MS, leftMs) : SLOW_MS;
    const idle = (await this.deliveries.waiting()).filter(({ target }) => !this.lanes.has(target));
    // Whoever had its turn longest ago comes first.
    idle.sort((a, b) => (this.begunAt.get(a.target) ?? 0) - (this.begunAt.get(b.target) ?? 0));
    for (const { target, inMs } of idle) {
      const waitMs = Math.max(inMs, this.targets.restOf(target));
      if (waitMs > 0) nextMs = Math.min(nextMs, Math.ceil(waitMs));
      else if (this.lanes.size < MOST_LANES && this.mayGoOn(target)) this.begin(target);
    }
    return nextMs;
  }

  private begin(target: string): void {
    this.begunAt.set(target, performance.now());
    const end = this.serve(target)
      .catch((error: unknown) => this.targets.broke(target, error))
      .finally(() => {
        this.lanes.delete(target);
        this.wake();
      });
    this.lanes.set(target, end);
  }

  /** Sends to one target until nothing is due for it, it fails, or the run is over. */
  private async serve(target: string): Promise<void> {
    const channel = this.channels.of(target);
    if (!channel || (await channel.addressOf(target)) === undefined) return this.giveUp(target);
    const lane: Lane = { target, channel, sentAt: undefined };
    while (this.mayGoOn(target)) {
      const batch = await this.take(target, channel.most);
      if (batch === undefined) return;
      if (batch.length === 0) continue;
      const outcome = await this.send(lane, batch);
      if (!outcome) return; // another process may have it again
      await this.record(target, batch.slice(0, outcome.count), outcome);
      if (outcome.result === 'failed' || outcome.result === 'later') return;
    }
  }

  /** The next message; empty when there was something else to do first, undefined when nothing is due. */
  private async take(target: string, most: number): Promise<Delivery[] | undefined> {
    const rows = await this.deliveries.due(target, most);
    if (rows.length === 0) return undefined;
    const due = rows.map((row) => ({ ...row, before: beforeOf(row) }));
    const { ready, waiting } = inOrder(due);
    if (waiting.length > 0) await this.deliveries.delay((tx) => this.run.guard(tx), waiting);
    const message = nextMessage(ready, most, this.settings.retries);
    const batch: Delivery[] = [];
    for (const { before: _, ...row } of message) {
      try {
        batch.push(toDelivery(row));
      } catch (error) {
        if (batch.length > 0) break; // its turn comes when those before it are sent
        const answer = shortened(`It cannot be read: ${messageOf(error)}`);
        await this.record(target, [row], { result: 'dead', status: null, answer });
        break;
      }
    }
    return batch;
  }

  /** Undefined when it is not known in time what came of it: another process is to send. */
  private async send(lane: Lane, batch: readonly Delivery[]): Promise<Outcome | undefined> {
    const { signal } = this.run;
    const waiting = new AbortController();
    const leave = async () => {
      if (!signal.aborted) await new Promise<void>((resolve) => onAbort(signal, waiting.signal, resolve));
      await sleep(LEAVE_MS, undefined, { ref: false });
      return undefined;
    };
    lane.sentAt = performance.now();
    this.unanswered.add(lane);
    try {
      const sending = lane.channel.send(lane.target, batch, signal).catch((error: unknown): Outcome => ({
        result: 'failed',
        status: null,
        answer: `It cannot be sent: ${messageOf(error)}`,
      }));
      return await Promise.race([sending, leave()]);
    } finally {
      waiting.abort();
      this.unanswered.delete(lane);
      lane.sentAt = undefined;
    }
  }

  private async record(target: string, sent: readonly { id: bigint }[], outcome: Outcome): Promise<void> {
    const ids = sent.map(({ id }) => id);
    const answer = {
      status: outcome.status,
      answer: outcome.answer === null ? null : shortened(outcome.answer),
    };
    const guard = (tx: Parameters<JobRun['guardRecord']>[0]) => this.run.guardRecord(tx);
    switch (outcome.result) {
      case 'delivered':
        await this.deliveries.delivered(guard, ids, answer);
        this.tally.delivered += ids.length;
        return this.targets.delivered(target);
      case 'dead':
        await this.deliveries.dead(guard, ids, answer);
        this.tally.dead += ids.length;
        return;
      case 'later':
        return this.targets.rests(target, outcome.seconds);
      case 'failed':
        await this.deliveries.failed(guard, ids, answer, this.settings);
        this.tally.failed += ids.length;
        this.targets.failed(target, answer);
        if (this.targets.failuresOf(target) < MANY_FAILURES) return;
        while (!this.run.signal.aborted) {
          if (!(await this.deliveries.failedDue(guard, target, answer, this.settings))) return;
        }
    }
  }

  private async giveUp(target: string): Promise<void> {
    const why = 'It is not configured any more';
    const guard = (tx: Parameters<JobRun['guard']>[0]) => this.run.guard(tx);
    for (;;) {
      const ended = await this.deliveries.deadOfTarget(guard, target, why);
      this.tally.dead += ended;
      if (ended === 0) return;
    }
  }

  /**
   * Whether anything may be sent now. A run whose time is over ends between two messages of everybody; while one target keeps
   * it waiting, those that are well go on.
   */
  private mayGoOn(target?: string): boolean {
    if (this.run.signal.aborted) return false;
    const now = performance.now();
    if (now < this.endsAt) return true;
    if (now > this.endsAt + SLOW_END_MS) return false;
    if (target === undefined) return this.unanswered.size > 0;
    if (this.targets.failuresOf(target) > 0) return false;
    return [...this.unanswered].some((lane) => lane.target !== target && now - lane.sentAt! > SLOW_MS);
  }
}

function beforeOf({ beforeId, beforeSendAt }: DueRow) {
  return beforeId === null ? null : { id: beforeId, sendAt: beforeSendAt! };
}

function onAbort(signal: AbortSignal, until: AbortSignal, then: () => void): void {
  signal.addEventListener('abort', then, { once: true, signal: until });
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
