import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { x25519PublicKey } from './x25519.js';

const METHOD = 'mlkem768x25519plus';
const MODES = ['native', 'xorpub', 'random'];
/** Shorter parts are padding, longer ones keys. */
const MIN_KEY = 20;
const X25519_LENGTH = 43; // 32 bytes in base64url
const SEED_BYTES = 64;

/**
 * What clients of a VLESS inbound write as `encryption` where the inbound has this `decryption`: the same with public
 * keys for private ones, and whether the server lets them send data at once. `none` for `none`; undefined for what
 * this program does not understand.
 * Source: Xray `infra/conf/vless.go`: method, mode, seconds for which a ticket is valid (one number or a range,
 * 0 for no tickets), padding, keys, with dots between them.
 */
export function vlessEncryption(decryption: string): string | undefined {
  if (decryption === '' || decryption === 'none') return 'none';
  const [method, mode = '', seconds = '', ...rest] = decryption.split('.');
  const tickets = /^(\d+)(?:-(\d+))?s?$/.exec(seconds);
  if (method !== METHOD || !MODES.includes(mode) || !tickets) return undefined;
  const parts = rest.map((part) => (part.length < MIN_KEY ? part : publicKey(part)));
  if (!rest.some((part) => part.length >= MIN_KEY) || parts.includes(undefined)) return undefined;
  const roundTrip = Math.max(Number(tickets[1]), Number(tickets[2] ?? 0)) > 0 ? '0rtt' : '1rtt';
  return [METHOD, mode, roundTrip, ...parts].join('.');
}

/** Of an X25519 private key, or of the seed of ML-KEM-768. */
function publicKey(key: string): string | undefined {
  if (key.length === X25519_LENGTH) return x25519PublicKey(key);
  const seed = Buffer.from(key, 'base64url');
  if (seed.length !== SEED_BYTES) return undefined;
  return Buffer.from(ml_kem768.keygen(seed).publicKey).toString('base64url');
}
