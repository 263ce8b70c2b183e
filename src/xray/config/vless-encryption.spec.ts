import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { vlessEncryption } from './vless-encryption.js';

const x25519 = Buffer.alloc(32, 7).toString('base64url');
const seed = Buffer.alloc(64, 7).toString('base64url');
/** As `xray x25519 -i` prints it. */
const publicKey = 'E75P6uryBMf9M1j8nAByGIHRdCeBKCJ-xnTzf3_pe20';

it.each([
  ['', 'none'],
  ['none', 'none'],
  [`mlkem768x25519plus.native.600s.${x25519}`, `mlkem768x25519plus.native.0rtt.${publicKey}`],
  [`mlkem768x25519plus.xorpub.0s.${x25519}`, `mlkem768x25519plus.xorpub.1rtt.${publicKey}`],
  [`mlkem768x25519plus.random.0-600s.${x25519}`, `mlkem768x25519plus.random.0rtt.${publicKey}`],
  [
    `mlkem768x25519plus.native.600.100-111-1111.75-0-111.${x25519}.${x25519}`,
    `mlkem768x25519plus.native.0rtt.100-111-1111.75-0-111.${publicKey}.${publicKey}`,
  ],
])('clients of an inbound with the decryption %s have %s', (decryption, expected) => {
  expect(vlessEncryption(decryption)).toBe(expected);
});

it('the key of ML-KEM-768 follows from its seed', () => {
  const [, , , key] = vlessEncryption(`mlkem768x25519plus.native.600s.${seed}`)!.split('.');
  const bytes = Buffer.from(key!, 'base64url');
  expect(bytes).toHaveLength(1184);
  // The beginning of what `xray mlkem768 -i` prints.
  expect(key).toMatch(/^klonAK0GT_d4tNpM9RRXpIIkpSdRJQqO4QslHIGLr8rG9BIeoySK/);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    'c12e9e39db6758fc2ba63a638785b04f8efe3d7df23ba09803b4e39ba2fbc707',
  );
});

it.each([
  'mlkem1024.native.600s.' + x25519,
  'mlkem768x25519plus.plain.600s.' + x25519,
  'mlkem768x25519plus.native.soon.' + x25519,
  'mlkem768x25519plus.native.-1s.' + x25519,
  'mlkem768x25519plus.native.600s',
  'mlkem768x25519plus.native.600s.100-111-1111',
  'mlkem768x25519plus.native.600s.' + x25519.slice(1),
  'mlkem768x25519plus.native.600s.' + seed.slice(2),
  'mlkem768x25519plus',
])('%s is not understood', (decryption) => {
  expect(vlessEncryption(decryption)).toBeUndefined();
});
