import { performance } from 'node:perf_hooks';
import { CoreError } from '../../../xray/grpc/index.js';

/** How long a core that does not answer is asked again. */
export class Patience {
  private leftMs: number;

  constructor(private readonly limitMs: number) {
    this.leftMs = limitMs;
  }

  /**
   * Asks once, in no more than half of the time, so that one answer that got lost is never all. A failure of the core costs
   * what it took, and a fifth of the time at least: one that is not there fails at once, and soon has failed often enough.
   */
  async ask<T>(question: (patienceMs: number) => Promise<T>): Promise<T> {
    const since = performance.now();
    try {
      return await question(Math.min(this.limitMs / 2, Math.max(this.leftMs, this.limitMs / 5)));
    } catch (error) {
      if (error instanceof CoreError) this.leftMs -= Math.max(performance.now() - since, this.limitMs / 5);
      throw error;
    }
  }

  get isOver(): boolean {
    return this.leftMs <= 0;
  }
}
