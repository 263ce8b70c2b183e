import { performance } from 'node:perf_hooks';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Queryable } from './database.js';

const COMPARE_MS = 10_000;
/** The database's time is known no better than it takes to ask for it; what took longer than this says little. */
const MOST_MS = 1_000;
/** From this difference on people see in what the service does that somebody's clock is wrong. */
const WORTH_A_WORD_MS = 5_000;

/**
 * The time of day as the database has it. The clocks of replicas disagree and are set while they run, and what one of them
 * writes down another one acts upon; so all of them go by the one clock they share, kept between two looks by the
 * monotonic clock of the process.
 */
export class DatabaseClock implements OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private readonly timer: NodeJS.Timeout;
  private hasWarned = false;
  private isComparing = false;
  /** At the comparison before the last. */
  private formerOffset: number;

  private constructor(
    private readonly db: Queryable,
    private offset: number,
  ) {
    this.formerOffset = offset;
    this.warn();
    this.timer = setInterval(() => void this.compare(), COMPARE_MS).unref();
  }

  static async start(db: Queryable): Promise<DatabaseClock> {
    return new DatabaseClock(db, (await look(db)).offset);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  now(): Date {
    return new Date(performance.now() + this.offset);
  }

  /**
   * The same, but for a clock that was set forward a moment ago: then the time as it would be without that, for so long that
   * everybody has renewed what is renewed every few seconds. What ends by this time has not been renewed.
   */
  unjumped(): Date {
    return new Date(performance.now() + Math.min(this.offset, this.formerOffset));
  }

  private async compare(): Promise<void> {
    if (this.isComparing) return;
    this.isComparing = true;
    try {
      const { offset, tookMs } = await look(this.db);
      if (tookMs <= MOST_MS) [this.formerOffset, this.offset] = [this.offset, offset];
      this.warn();
    } catch {
      // Without the database nothing is written down either.
    } finally {
      this.isComparing = false;
    }
  }

  /** Logs have this machine's time, and its certificates and tokens are judged by it. */
  private warn(): void {
    const apart = new Date().getTime() - this.now().getTime();
    const isApart = Math.abs(apart) > WORTH_A_WORD_MS;
    if (isApart && !this.hasWarned) {
      const seconds = Math.round(Math.abs(apart) / 1000);
      const direction = apart > 0 ? 'ahead of' : 'behind';
      this.logger.warn(
        `The clock of this machine is ${seconds} s ${direction} the database's, by which the service goes`,
      );
    }
    this.hasWarned = isApart;
  }
}

/** `offset` is what the monotonic clock lacks to the database's time. */
async function look(db: Queryable): Promise<{ offset: number; tookMs: number }> {
  const asked = performance.now();
  const row = await db.row<{ ms: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms',
  );
  const answered = performance.now();
  return { offset: row!.ms - (asked + answered) / 2, tookMs: answered - asked };
}
