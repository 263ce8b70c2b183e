import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Tx } from '../../shared/database/database.js';

export interface StoredConfig {
  version: bigint;
  source: string;
}

/** Any fixed number: whoever holds this advisory lock may make another config the active one. */
const ACTIVATION_LOCK = 7_345_002;

/** Versions of the core config that are kept, beside those that a core still runs. */
const KEPT_VERSIONS = 50;

@Injectable()
export class CoreConfigRepository {
  constructor(private readonly db: Database) {}

  /** Runs `work` while no other replica changes the active config. */
  async exclusively<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.db.transaction(async (tx) => {
      await tx.run('SELECT pg_advisory_xact_lock($1)', [ACTIVATION_LOCK]);
      return work(tx);
    });
  }

  async findActive(db: Queryable = this.db): Promise<StoredConfig | undefined> {
    return db.row<StoredConfig>("SELECT version, source FROM core_config WHERE state = 'active'");
  }

  async findActiveVersion(): Promise<bigint | undefined> {
    const row = await this.db.row<{ version: bigint }>(
      "SELECT version FROM core_config WHERE state = 'active'",
    );
    return row?.version;
  }

  async findVersion(version: bigint): Promise<StoredConfig | undefined> {
    return this.db.row<StoredConfig>('SELECT version, source FROM core_config WHERE version = $1', [version]);
  }

  /** The latest version whose hash began with these digits when it was made the active one. */
  async findHashed(digits: string): Promise<StoredConfig | undefined> {
    return this.db.row<StoredConfig>(
      `SELECT version, source FROM core_config WHERE starts_with(encode(sha256, 'hex'), $1) ORDER BY version DESC LIMIT 1`,
      [digits],
    );
  }

  /** Makes `source` the active config; other replicas are told. `hash` in hexadecimal. Returns its version. */
  async activate(tx: Tx, source: string, hash: string, by: string | null): Promise<bigint> {
    await tx.run("UPDATE core_config SET state = 'superseded' WHERE state = 'active'");
    const inserted = await tx.row<{ version: bigint }>(
      `INSERT INTO core_config (source, sha256, state, created_by) VALUES ($1, decode($2, 'hex'), 'active', $3)
       RETURNING version`,
      [source, hash, by],
    );
    await tx.run(
      `DELETE FROM core_config
        WHERE version NOT IN (SELECT version FROM core_config ORDER BY version DESC LIMIT $1)
          AND NOT EXISTS (SELECT FROM node_runtime
                           WHERE version IN (applied_config_version, last_good_config_version))`,
      [KEPT_VERSIONS],
    );
    const { version } = inserted!;
    await tx.run("SELECT pg_notify('core_config', $1)", [String(version)]);
    return version;
  }

  /** Makes sure that each tag can have hosts. A tag seen for the first time gets its first host from a trigger. */
  async addInbounds(tx: Tx, tags: readonly string[]): Promise<void> {
    await tx.run(
      `INSERT INTO inbounds (tag)
       SELECT tag FROM unnest($1::text[]) WITH ORDINALITY AS t (tag, position)
        WHERE tag NOT IN (SELECT tag FROM inbounds) ORDER BY position
       ON CONFLICT DO NOTHING`,
      [tags],
    );
  }
}
