import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import { Database } from '../../shared/database/database.js';

/** In case a notification is lost, or users changed by other means. */
const LIFE_MS = 2_000;
const MANY = 1_000;

/**
 * How many users there are, per question, counted once until a user comes, goes or changes: counting 100,000 costs
 * more than reading a page of them. Replicas tell each other that by a notification.
 */
@Injectable()
export class UserCounts implements OnModuleInit, OnApplicationShutdown {
  private readonly counts = new Map<string, { total: Promise<number>; until: number }>();
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly db: Database,
    private readonly events: DatabaseEvents,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.events.on('user_change', () => this.forget());
  }

  onApplicationShutdown(): void {
    this.stopListening?.();
  }

  /** The `total` of a statement that counts users. */
  of(sql: string, values: unknown[]): Promise<number> {
    const question = JSON.stringify([sql, values]);
    const now = performance.now();
    const known = this.counts.get(question);
    if (known && known.until > now) return known.total;
    const total = this.db.row<{ total: number }>(sql, values).then((row) => row!.total);
    if (this.counts.size >= MANY) this.counts.clear();
    const entry = { total, until: now + LIFE_MS };
    this.counts.set(question, entry);
    total.catch(() => {
      if (this.counts.get(question) === entry) this.counts.delete(question);
    });
    return total;
  }

  /** Users changed: the next question is counted anew. */
  forget(): void {
    this.counts.clear();
  }
}
