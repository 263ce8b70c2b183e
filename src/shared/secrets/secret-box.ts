import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Behind the bytes in hexadecimal digits: a version that knows of no encryption reads the digits as a key, which nobody
 * knows either. In front of them it would read no digits at all, and take the empty key.
 */
const MARK = ':enc1';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Other uses of the same words give other keys. */
const SALT = 'margrave secrets at rest 1';

const derive = promisify<string, string, number, Buffer>(scrypt);

/** A sealed text that none of the keys opens. */
export class WrongKey extends Error {}

/** Encrypts secrets before they are stored, each bound to its name; without a key it leaves them as they are. */
export class SecretBox {
  private constructor(
    private readonly key: Buffer | undefined,
    private readonly former: readonly Buffer[],
  ) {}

  /** `former` keys open what was sealed with them, and seal nothing. */
  static async with(key: string | undefined, former: readonly string[] = []): Promise<SecretBox> {
    const keys = await Promise.all([key, ...former].map((words) => words && derive(words, SALT, 32)));
    const [current, ...others] = keys.map((bytes) => bytes || undefined);
    return new SecretBox(
      current,
      others.filter((bytes) => bytes !== undefined),
    );
  }

  get hasKey(): boolean {
    return this.key !== undefined;
  }

  seal(name: string, text: string): string {
    if (!this.key) return text;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(name));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('hex') + MARK;
  }

  /** The text, and whether it should be sealed anew. @throws WrongKey */
  open(name: string, stored: string): { text: string; isStale: boolean } {
    if (!stored.endsWith(MARK)) return { text: stored, isStale: this.hasKey };
    const bytes = Buffer.from(stored.slice(0, -MARK.length), 'hex');
    const keys = this.key ? [this.key, ...this.former] : this.former;
    for (const key of keys) {
      const text = decrypt(key, name, bytes);
      if (text !== undefined) return { text, isStale: this.hasKey && key !== this.key };
    }
    throw new WrongKey(name);
  }
}

function decrypt(key: Buffer, name: string, bytes: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
