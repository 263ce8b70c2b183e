import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { SecretStore } from './secret-store.js';

const NAMES = ['admin_tokens', 'subscription_tokens', 'node_credentials'] as const;
const KEY_BYTES = 32;
const IMPORTED = 'imported_subscription_key';

/** A key as Marzban keeps it: the text itself is the key. */
export interface ImportedKey {
  text: string;
  importedAt: Date;
}

/**
 * The installation's keys, made at the first start and shared by all replicas. One per purpose, so that a leak of
 * one opens nothing else.
 */
export class Secrets {
  private constructor(
    readonly adminTokens: KeyObject,
    readonly subscriptionTokens: KeyObject,
    readonly nodeCredentials: KeyObject,
    /** Of imported Marzban installations, where one key signs all: their subscription links and admins' tokens stay valid. */
    readonly importedKeys: readonly ImportedKey[],
  ) {}

  static async load(store: SecretStore): Promise<Secrets> {
    await store.addMissing(new Map(NAMES.map((name) => [name, randomBytes(KEY_BYTES).toString('hex')])));
    const all = await store.all();
    const key = (name: (typeof NAMES)[number]) => {
      const text = all.get(name)?.text;
      if (text === undefined) throw new Error(`The secret ${name} is missing from the database`);
      const bytes = Buffer.from(text, 'hex'); // ends without a word at what is no digit
      if (bytes.length !== KEY_BYTES) throw new Error(`The secret ${name} in the database is no key`);
      return createSecretKey(bytes);
    };
    const imported = [...all].flatMap(([name, { text, at }]) =>
      name.startsWith(IMPORTED) ? [{ text, importedAt: at }] : [],
    );
    return new Secrets(key('admin_tokens'), key('subscription_tokens'), key('node_credentials'), imported);
  }
}
