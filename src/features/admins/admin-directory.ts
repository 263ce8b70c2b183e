import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseEvents } from '../../shared/database/database-events.js';
import type { Admin } from './admin.js';
import { TokenRefused } from './admins.errors.js';
import { AdminsRepository, type Credentials } from './admins.repository.js';
import { AdminTokenKeys } from './admin-token-keys.js';
import type { TokenClaims } from './admin-tokens.js';
import { stillStandsFor } from './domain/marzban-claims.js';

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
  /** By id, and by name where a token says no more. */
  private readonly entries = new Map<number | string, Entry>();
  private readonly stopListening: () => void;

  constructor(
    private readonly repository: AdminsRepository,
    private readonly keys: AdminTokenKeys,
    events: DatabaseEvents,
  ) {
    this.stopListening = events.on('admins_changed', () => this.entries.clear());
  }

  onApplicationShutdown(): void {
    this.stopListening();
  }

  /** The admin a token stands for. Throws `TokenRefused` when the admin is gone or has a newer password. */
  async holderOf(claims: TokenClaims): Promise<Admin> {
    const row = await ('aid' in claims
      ? this.find(claims.aid, (id) => this.repository.findCredentials(id))
      : this.find(claims.sub, (name) => this.repository.findCredentialsByName(name)));
    const { importedAt } = this.keys;
    const holds =
      row &&
      ('aid' in claims
        ? row.credentialVersion === claims.ver
        : importedAt !== undefined && stillStandsFor(claims, row, importedAt));
    if (!holds) throw new TokenRefused();
    return row.admin;
  }

  private find<K extends number | string>(
    key: K,
    read: (key: K) => Promise<Credentials | undefined>,
  ): Promise<Credentials | undefined> {
    const now = performance.now();
    const entry = this.entries.get(key);
    if (entry && now - entry.readAt < FRESH_MS) return entry.row;
    const row = read(key);
    const fresh = { readAt: now, row };
    this.entries.set(key, fresh);
    // A failed read must not be remembered.
    row.catch(() => this.entries.get(key) === fresh && this.entries.delete(key));
    return row;
  }
}
