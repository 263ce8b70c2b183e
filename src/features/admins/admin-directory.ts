import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import type { Admin } from './admin.js';
import { TokenRefused } from './admins.errors.js';
import { AdminsRepository, type Credentials } from './admins.repository.js';
import type { AdminClaims } from './domain/admin-claims.js';

/** How long a replica trusts a row it read when no notification reaches it. */
const FRESH_MS = 2_000;

interface Entry {
  readAt: number;
  row: Promise<Credentials | undefined>;
}

/**
 * The admins behind recent tokens, so that a request need not read its admin's row. Forgotten on the notification
 * `admins_changed` and after two seconds.
 */
@Injectable()
export class AdminDirectory implements OnApplicationShutdown {
  private readonly entries = new Map<number, Entry>();
  private readonly stopListening: () => void;

  constructor(
    private readonly repository: AdminsRepository,
    events: DatabaseEvents,
  ) {
    this.stopListening = events.on('admins_changed', () => this.entries.clear());
  }

  onApplicationShutdown(): void {
    this.stopListening();
  }

  /** The admin a token stands for. Throws `TokenRefused` when the admin is gone or has a newer password. */
  async holderOf(claims: AdminClaims): Promise<Admin> {
    const row = await this.find(claims.aid);
    if (!row || row.credentialVersion !== claims.ver) throw new TokenRefused();
    return row.admin;
  }

  private find(id: number): Promise<Credentials | undefined> {
    const now = performance.now();
    const entry = this.entries.get(id);
    if (entry && now - entry.readAt < FRESH_MS) return entry.row;
    const row = this.repository.findCredentials(id);
    const fresh = { readAt: now, row };
    this.entries.set(id, fresh);
    // A failed read must not be remembered.
    row.catch(() => this.entries.get(id) === fresh && this.entries.delete(id));
    return row;
  }
}
