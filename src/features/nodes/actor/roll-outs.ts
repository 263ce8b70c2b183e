import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Pause } from '../../../shared/scheduling/pause.js';
import { STARTS_AT_A_TIME } from '../domain/core-start.js';
import type { Grant } from '../domain/grant.js';
import { type Admission, planRollOut, type RollOutKind } from '../domain/roll-out.js';
import { RollOutsRepository } from './roll-outs.repository.js';

/** Those who ask within so many milliseconds ask together. */
const GATHER_MS = 5;
/** Whoever waits is asked for again so often: others make room. */
const AGAIN_MS = 500;
/** And whoever is held back: the objection may be taken back. */
const AGAIN_HELD_MS = 2_000;
/** Whoever has not asked for so long wants nothing any more. */
const FORGET_MS = 10_000;

interface Asking {
  grant: Grant;
  version: bigint;
  kind: RollOutKind;
  onAnswer: () => void;
  answer: Admission | undefined;
  /** Milliseconds of the monotonic clock. */
  askedAt: number;
}

/** Asks for all nodes of this process together whether they may start on another config now. */
@Injectable()
export class RollOuts {
  private readonly logger = new Logger('Nodes');
  private readonly asking = new Map<Grant, Asking>();
  private readonly starting = new Set<Grant>();
  private readonly pause = new Pause();
  private running: Promise<void> | undefined;
  private hasFailed = false;

  constructor(private readonly rows: RollOutsRepository) {}

  /**
   * What is known of this wish; `onAnswer` tells when that is something else, and who wants to know it goes on asking. After
   * `go` the node may start, once, and {@link end} has to be called when it has or has failed.
   */
  ask(
    grant: Grant,
    { version, kind }: { version: bigint; kind: RollOutKind },
    onAnswer: () => void,
  ): Admission {
    const askedAt = performance.now();
    const known = this.asking.get(grant);
    if (!known || known.version !== version || known.kind !== kind) {
      this.asking.set(grant, { grant, version, kind, onAnswer, answer: undefined, askedAt });
      this.pause.wake();
      this.running ??= this.run();
      return { do: 'wait' };
    }
    known.askedAt = askedAt;
    if (known.answer?.do === 'go') {
      this.asking.delete(grant);
      this.starting.add(grant);
    }
    return known.answer ?? { do: 'wait' };
  }

  /** The node has started, or could not. */
  end(grant: Grant): void {
    this.starting.delete(grant);
    this.pause.wake();
  }

  private async run(): Promise<void> {
    while (this.asking.size > 0) {
      await sleep(GATHER_MS);
      this.pause.reset();
      this.forget();
      try {
        await this.answerAll();
        this.hasFailed = false;
      } catch (error) {
        if (!this.hasFailed)
          this.logger.error({ err: error }, 'No node may take another core config at the moment');
        this.hasFailed = true;
      }
      const areHeld = [...this.asking.values()].every(({ answer }) => answer?.do === 'stop');
      await this.pause.wait(areHeld ? AGAIN_HELD_MS : AGAIN_MS);
    }
    this.running = undefined;
  }

  private forget(): void {
    const before = performance.now() - FORGET_MS;
    for (const { grant, askedAt } of this.asking.values()) if (askedAt < before) this.asking.delete(grant);
  }

  private async answerAll(): Promise<void> {
    const all = [...this.asking.values()];
    const waiting = all.filter(({ answer }) => answer?.do !== 'go');
    if (waiting.length === 0) return;
    const here = STARTS_AT_A_TIME - this.starting.size - (all.length - waiting.length);
    const requests = waiting.map(({ grant, version, kind }) => ({ nodeId: grant.nodeId, version, kind }));
    const grants = waiting.map(({ grant }) => grant);
    const answers = await this.rows.decide(grants, ({ nodes, version }) =>
      planRollOut(requests, nodes, { version, here }),
    );
    for (const asking of waiting) {
      const answer = answers?.get(asking.grant.nodeId);
      if (!answer || isDeepStrictEqual(answer, asking.answer)) continue;
      asking.answer = answer;
      asking.onAnswer();
    }
  }
}
