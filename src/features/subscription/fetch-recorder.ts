import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { type Fetch, FetchesRepository } from './fetches.repository.js';

const FLUSH_MS = 1_000;
const MAX_USER_AGENT = 512;

/**
 * Remembers who fetched and writes it a second later, all users at once: a fetch costs no write of its own. What a
 * killed process had not written is lost, and only shown to operators.
 */
@Injectable()
export class FetchRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger(FetchRecorder.name);
  private pending = new Map<number, Fetch>();
  private timer: NodeJS.Timeout | undefined;
  private writing = Promise.resolve();

  constructor(private readonly fetches: FetchesRepository) {}

  record(userId: number, userAgent: string, at: Date): void {
    this.pending.set(userId, { userId, at, userAgent: userAgent.slice(0, MAX_USER_AGENT) });
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  private async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    await this.writing;
  }

  private async write(): Promise<void> {
    const batch = this.pending;
    this.pending = new Map();
    if (batch.size === 0) return;
    try {
      await this.fetches.write([...batch.values()]);
    } catch (error) {
      this.pending = new Map([...batch, ...this.pending]); // later ones win; written with the next fetch
      this.logger.warn({ err: error }, 'Fetches of subscriptions could not be noted yet');
    }
  }
}
