import { performance } from 'node:perf_hooks';

const RETRY_MS = 1_000;

/** What is to be done again and again. It says itself when it is due next, in milliseconds of the monotonic clock. */
export interface Chore<Given> {
  due: number;
  run(given: Given, signal: AbortSignal): Promise<void>;
}

/** Does chores side by side, so that none of them, nor whoever starts them, waits for a slow one. */
export class Chores<Given> {
  private readonly running = new Map<Chore<Given>, Promise<void>>();
  private faults: { chore: Chore<Given>; error: unknown }[] = [];
  private aborter = new AbortController();
  private signal: AbortSignal;

  /** `onEnd` is called when one has ended in whatever way, and may be due again. */
  constructor(
    private readonly all: readonly Chore<Given>[],
    private readonly parent: AbortSignal,
    private readonly on: { onSuccess: (chore: Chore<Given>) => void; onEnd: () => void },
  ) {
    this.signal = AbortSignal.any([parent, this.aborter.signal]);
  }

  /** Starts what is due and not under way. */
  start(given: Given): void {
    const now = performance.now();
    const { signal } = this;
    for (const chore of this.all) {
      if (chore.due > now || this.running.has(chore)) continue;
      const run = chore
        .run(given, signal)
        .then(() => this.on.onSuccess(chore))
        .catch((error: unknown) => {
          if (signal.aborted) return;
          chore.due = Math.max(chore.due, performance.now() + RETRY_MS);
          this.faults.push({ chore, error });
        })
        .finally(() => {
          this.running.delete(chore);
          this.on.onEnd();
        });
      this.running.set(chore, run);
    }
  }

  /** When the next one is due, of those that are not under way. */
  get nextDue(): number {
    return Math.min(...this.all.filter((chore) => !this.running.has(chore)).map(({ due }) => due));
  }

  /** What has failed since the last call. */
  takeFaults(): { chore: Chore<Given>; error: unknown }[] {
    const { faults } = this;
    this.faults = [];
    return faults;
  }

  /** Gives up what is under way; what was begun in the database is ended. */
  async giveUp(): Promise<void> {
    this.aborter.abort();
    await Promise.all(this.running.values());
    this.aborter = new AbortController();
    this.signal = AbortSignal.any([this.parent, this.aborter.signal]);
  }
}
