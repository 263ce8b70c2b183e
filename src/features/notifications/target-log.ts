import { performance } from 'node:perf_hooks';
import { Injectable, Logger } from '@nestjs/common';

/** Before it is tried again to work on a target that could not be. */
const BROKEN_SECONDS = 10;

interface Trouble {
  /** Attempts that failed in a row. */
  failures: number;
  restsUntil: number;
  /** What was wrong here, in the words that were logged. */
  broken?: string;
}

/** How the targets have fared in this process: who is in trouble, and who asked to be left alone. */
@Injectable()
export class TargetLog {
  private readonly logger = new Logger('Notifications');
  private readonly troubles = new Map<string, Trouble>();

  failuresOf(target: string): number {
    return this.troubles.get(target)?.failures ?? 0;
  }

  /** For how many milliseconds nothing may be sent to the target. */
  restOf(target: string): number {
    return Math.max(0, (this.troubles.get(target)?.restsUntil ?? 0) - performance.now());
  }

  delivered(target: string): void {
    if (this.failuresOf(target) > 0) this.logger.log(`Notifications reach ${target} again`);
    this.troubles.delete(target);
  }

  /** The first failure in a row is told, and no words of the target itself: they may hold anything. */
  failed(target: string, { status, answer }: { status: number | null; answer: string | null }): void {
    const failures = this.failuresOf(target) + 1;
    this.troubles.set(target, { failures, restsUntil: 0 });
    if (failures > 1) return;
    const why = status === null ? (answer ?? 'no answer') : `it answers ${status}`;
    this.logger.warn(`Notifications do not reach ${target}: ${why}; GET /api/notifications shows them`);
  }

  /** Something is wrong here rather than there; the others go on. Told when it is something else than before. */
  broke(target: string, error: unknown): void {
    const words = String(error);
    const isKnown = this.troubles.get(target)?.broken === words;
    this.troubles.set(target, { ...this.resting(target, BROKEN_SECONDS), broken: words });
    if (isKnown) return;
    this.logger.error({ err: error, target }, `Notifications to ${target} cannot be worked on at the moment`);
  }

  rests(target: string, seconds: number): void {
    this.troubles.set(target, this.resting(target, seconds));
  }

  private resting(target: string, seconds: number): Trouble {
    return { failures: this.failuresOf(target), restsUntil: performance.now() + seconds * 1000 };
  }
}
