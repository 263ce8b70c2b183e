import { Logger } from '@nestjs/common';
import { type Config } from '../../config/config.js';
import { StartupError } from '../../config/startup-error.js';
import type { Database, Tx } from '../database/database.js';
import { findKeyFile, keyFile } from './key-file.js';
import { SecretBox, WrongKey } from './secret-box.js';

interface Row {
  name: string;
  value: string;
  created_at: Date;
}

/** A secret, and when it was stored here. */
export interface Secret {
  text: string;
  at: Date;
}

/** The secrets of the installation, in the database and the same for all replicas; encrypted where there is a key. */
export class SecretStore {
  private constructor(
    private readonly db: Database,
    private readonly box: SecretBox,
  ) {}

  /**
   * Encrypts what is not, or was with a former key.
   * @throws StartupError when the key is not the one that the secrets were encrypted with
   */
  static async open(db: Database, config: Config): Promise<SecretStore> {
    const box = await boxOf(config);
    if (!box.hasKey) {
      new Logger('Secrets').warn('The secrets in the database are not encrypted: SECRET_KEY is not set');
    }
    const store = new SecretStore(db, box);
    await store.refresh();
    return store;
  }

  async find(name: string): Promise<string | undefined> {
    const row = await this.db.row<Row>('SELECT name, value, created_at FROM secrets WHERE name = $1', [name]);
    return row && this.read(row).text;
  }

  /** All of them by name. */
  async all(): Promise<Map<string, Secret>> {
    const rows = await this.db.rows<Row>('SELECT name, value, created_at FROM secrets');
    return new Map(rows.map((row) => [row.name, { text: this.read(row).text, at: row.created_at }]));
  }

  /** Stores those that are not there yet: of replicas that get here at once, the first wins. */
  async addMissing(secrets: ReadonlyMap<string, string>): Promise<void> {
    await this.db.run(
      'INSERT INTO secrets (name, value) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
      [[...secrets.keys()], [...secrets].map(([name, text]) => this.box.seal(name, text))],
    );
  }

  /** Stores a secret, in the place of one of this name. */
  async put(tx: Tx, name: string, text: string): Promise<void> {
    await tx.run(
      `INSERT INTO secrets (name, value) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, created_at = excluded.created_at`,
      [name, this.box.seal(name, text)],
    );
  }

  async remove(tx: Tx, name: string): Promise<void> {
    await tx.run('DELETE FROM secrets WHERE name = $1', [name]);
  }

  private async refresh(): Promise<void> {
    const rows = await this.db.rows<Row>('SELECT name, value, created_at FROM secrets ORDER BY name');
    const stale = rows.flatMap((row) => {
      const { text, isStale } = this.read(row);
      return isStale ? [{ ...row, sealed: this.box.seal(row.name, text) }] : [];
    });
    await this.db.run(
      `UPDATE secrets s SET value = c.sealed
         FROM unnest($1::text[], $2::text[], $3::text[]) AS c (name, was, sealed)
        WHERE s.name = c.name AND s.value = c.was`,
      [stale.map(({ name }) => name), stale.map(({ value }) => value), stale.map(({ sealed }) => sealed)],
    );
  }

  private read({ name, value }: Pick<Row, 'name' | 'value'>): { text: string; isStale: boolean } {
    try {
      return this.box.open(name, value);
    } catch (error) {
      if (!(error instanceof WrongKey)) throw error;
      throw new StartupError(
        'The secrets in the database were encrypted with another key: set SECRET_KEY (or secret.key in DATA_DIR) to the ' +
          'one they were encrypted with, or that one as SECRET_KEY_PREVIOUS.',
        { cause: error },
      );
    }
  }
}

/** Without a setting, the embedded database has a key beside it; one that others keep has none. */
async function boxOf({ secretKey, previousSecretKey, databaseUrl, dataDir }: Config): Promise<SecretBox> {
  const isOwn = databaseUrl === undefined;
  const key = secretKey ?? (isOwn ? await keyFile(dataDir) : undefined);
  const beside = secretKey !== undefined && isOwn ? await findKeyFile(dataDir) : undefined;
  return SecretBox.with(
    key,
    [previousSecretKey, beside].filter((former) => former !== undefined),
  );
}
