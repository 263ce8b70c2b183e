/** Lets so many in at a time; the others wait in line. */
export class Turnstile {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /** Runs `work` when it is its turn. @throws the reason of `signal` when that is aborted before */
  async pass<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.enter(signal);
    return work().finally(() => this.leave());
  }

  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.free > 0) this.free--;
    else await this.waitInLine(signal);
  }

  leave(): void {
    const [next] = this.waiting;
    if (next) next();
    else this.free++;
  }

  private waitInLine(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        this.waiting.delete(admit);
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.waiting.delete(admit);
        reject(signal!.reason as Error);
      };
      this.waiting.add(admit);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
}
