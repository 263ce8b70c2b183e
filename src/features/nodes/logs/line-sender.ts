/** More text than this in the socket's own buffer means that the client does not keep up. */
const MAX_BUFFERED_BYTES = 64 * 1024;
const MAX_PENDING_LINES = 10_000;

/** What of a web socket is used here. */
interface Sink {
  readonly bufferedAmount: number;
  send(text: string, sent: () => void): void;
}

/**
 * Sends log lines to one client, trimmed: each as a message of its own, or with an interval all those of that time as one
 * message, each with a newline at its end. A client that does not keep up loses the oldest lines.
 */
export class LineSender {
  private pending: string[] = [];
  private lastAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private hasEnded = false;

  constructor(
    private readonly sink: Sink,
    private readonly intervalSeconds: number | undefined,
  ) {}

  send(lines: readonly string[]): void {
    for (const line of lines) {
      const trimmed = line.trim();
      if (trimmed !== '') this.pending.push(trimmed);
    }
    const excess = this.pending.length - MAX_PENDING_LINES;
    if (excess > 0) this.pending.splice(0, excess);
    this.flush();
  }

  end(): void {
    this.hasEnded = true;
    this.pending = [];
    clearTimeout(this.timer);
  }

  private readonly flush = (): void => {
    if (this.hasEnded || this.timer) return;
    if (this.intervalSeconds === undefined) this.flushLines();
    else this.flushBatch(this.intervalSeconds * 1000);
  };

  private flushLines(): void {
    let sent = 0;
    while (sent < this.pending.length && this.sink.bufferedAmount < MAX_BUFFERED_BYTES) {
      this.sink.send(this.pending[sent++]!, this.flush);
    }
    this.pending.splice(0, sent);
  }

  private flushBatch(intervalMs: number): void {
    if (this.pending.length === 0 || this.sink.bufferedAmount >= MAX_BUFFERED_BYTES) return;
    const waitMs = this.lastAt + intervalMs - performance.now();
    if (waitMs > 0) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.flush();
      }, waitMs);
      return;
    }
    this.lastAt = performance.now();
    const batch = this.pending.map((line) => `${line}\n`).join('');
    this.pending = [];
    this.sink.send(batch, this.flush);
  }
}
