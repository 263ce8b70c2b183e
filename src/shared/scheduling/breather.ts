import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

/** Work goes on for so long before everybody else gets a turn. */
const SLICE_MS = 5;

/** Cuts long work into slices, so that requests need not wait for the end of it. */
export class Breather {
  private since = performance.now();

  /** To be called between two steps, neither of which takes long. */
  async rest(): Promise<void> {
    if (performance.now() - this.since < SLICE_MS) return;
    await setImmediate();
    this.since = performance.now();
  }
}
