const EVERY_MS = 500;
/** Where nobody looks on, a line now and then is enough. */
const LOG_EVERY_MS = 10_000;

/** Shows on stderr how far something is: how many rows, how fast, and how long it will take. */
export class Progress {
  private step = '';
  private begun = 0;
  private first = 0;
  private shownAt = 0;
  private isShown = false;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  show(step: string, rows: number, of: number | undefined): void {
    const now = performance.now();
    if (step !== this.step) Object.assign(this, { step, begun: now, first: rows, shownAt: 0 });
    if (now - this.shownAt < (this.stream.isTTY ? EVERY_MS : LOG_EVERY_MS) && this.shownAt > 0) return;
    this.shownAt = now;
    const seconds = (now - this.begun) / 1000;
    const rate = seconds > 0 ? (rows - this.first) / seconds : 0;
    this.write(progressLine(step, rows, of, rate));
  }

  /** Leaves the line to what follows. */
  end(): void {
    if (this.isShown) this.stream.write('\r\x1b[K');
    this.isShown = false;
  }

  private write(text: string): void {
    if (!this.stream.isTTY) this.stream.write(`${text}\n`);
    else {
      this.stream.write(`\r\x1b[K${text}`);
      this.isShown = true;
    }
  }
}

/** `rate` in rows a second; 0 when it is not known yet. */
export function progressLine(step: string, rows: number, of: number | undefined, rate: number): string {
  const count = (number: number) => Math.round(number).toLocaleString('en');
  const parts = [step];
  if (of !== undefined && of > 0)
    parts.push(`${count(rows)} of ${count(of)} (${Math.floor((100 * rows) / of)} %)`);
  else if (rows > 0) parts.push(count(rows));
  if (rate > 0 && rows > 0) parts.push(`${count(rate)} a second`);
  if (rate > 0 && of !== undefined && of > rows) parts.push(`${duration((of - rows) / rate)} left`);
  return parts.join(', ');
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.ceil(whole / 60)} min` : `${(whole / 3600).toFixed(1)} h`;
}
