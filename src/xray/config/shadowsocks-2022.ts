import { createHash, createHmac, type KeyObject } from 'node:crypto';

const KEY_BYTES: Record<string, number> = { '2022-blake3-aes-128-gcm': 16, '2022-blake3-aes-256-gcm': 32 };

export function isShadowsocks2022(method: string | null): boolean {
  return method?.startsWith('2022-blake3-') ?? false;
}

/**
 * The key of a user on a shadowsocks 2022 inbound: the stored password when it is one already (base64 of 16 or 32
 * bytes), else the first bytes of its SHA-256. Other panels' nodes derive it in the same way.
 */
export function shadowsocks2022Key(password: string, method: string): string {
  const bytes = keyBytes(method);
  const decoded = Buffer.from(password, 'base64');
  if (decoded.length === bytes && decoded.toString('base64') === password) return password;
  return createHash('sha256').update(password, 'utf8').digest().subarray(0, bytes).toString('base64');
}

/** A key that nobody knows, always the same for the same secret. */
export function unusedShadowsocks2022Key(tag: string, method: string, secret: KeyObject): string {
  return createHmac('sha256', secret)
    .update(`unused ${tag}`)
    .digest()
    .subarray(0, keyBytes(method))
    .toString('base64');
}

function keyBytes(method: string): number {
  return KEY_BYTES[method] ?? 32;
}
