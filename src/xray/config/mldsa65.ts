import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';

const SEED_BYTES = 32;

/** The key by which clients verify what is signed with the key of this seed, both in base64url; undefined for no seed. */
export function mldsa65VerifyKey(seed: string): string | undefined {
  const bytes = Buffer.from(seed, 'base64url');
  if (bytes.length !== SEED_BYTES) return undefined;
  return Buffer.from(ml_dsa65.keygen(bytes).publicKey).toString('base64url');
}
