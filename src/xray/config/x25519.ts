import { createPrivateKey, createPublicKey } from 'node:crypto';

/** What comes before the 32 bytes of an X25519 key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/**
 * The public key of a REALITY private key, both as base64url without padding; undefined when the private key is
 * not 32 bytes in that form.
 */
export function x25519PublicKey(privateKey: string): string | undefined {
  if (!isX25519Key(privateKey)) return undefined;
  const raw = Buffer.from(privateKey, 'base64url');
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, raw]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'jwk' }).x;
}

/** Whether `text` has the form of a key, public or private: 32 bytes as base64url without padding. */
export function isX25519Key(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}
