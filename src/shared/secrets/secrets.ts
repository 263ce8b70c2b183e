import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.js';

const NAMES = ['admin_tokens', 'subscription_tokens', 'node_credentials'] as const;
const IMPORTED = 'imported_subscription_key';

/**
 * The installation's keys, made at the first start and shared by all replicas. One per purpose, so that a leak of
 * one opens nothing else.
 */
export class Secrets {
  private constructor(
    readonly adminTokens: KeyObject,
    readonly subscriptionTokens: KeyObject,
    readonly nodeCredentials: KeyObject,
    /** Keys of imported Marzban installations, as text: their subscription links stay valid. */
    readonly importedSubscriptionKeys: readonly string[],
  ) {}

  static async load(db: Database): Promise<Secrets> {
    const fresh = NAMES.map(() => randomBytes(32).toString('hex'));
    await db.run(
      'INSERT INTO secrets (name, value) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
      [NAMES, fresh],
    );
    const rows = await db.rows<{ name: string; value: string }>('SELECT name, value FROM secrets');
    const key = (name: (typeof NAMES)[number]) => {
      const row = rows.find((candidate) => candidate.name === name);
      if (!row) throw new Error(`The secret ${name} is missing from the database`);
      return createSecretKey(Buffer.from(row.value, 'hex'));
    };
    const imported = rows.filter((row) => row.name.startsWith(IMPORTED)).map((row) => row.value);
    return new Secrets(key('admin_tokens'), key('subscription_tokens'), key('node_credentials'), imported);
  }
}
