import { createHash, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** The keys that may have signed a token: ours, and those of imported Marzban installations, as text. */
export interface TokenKeys {
  own: KeyObject;
  imported: readonly string[];
}

/** What a token says of its issue: the very instant from which it is valid, or Unix seconds (Marzban). */
export type TokenIssue = { exactMs: number } | { seconds: number };

export interface SubscriptionToken {
  username: string;
  issued: TokenIssue;
}

const OWN_SIGNATURE_LENGTH = 43; // 256 bits in base64url
const MARZBAN_SIGNATURE_LENGTH = 10;
const MARZBAN_MIN_LENGTH = 15;
/** Marzban up to 0.4.9 wrote exactly this header; another one never was a valid token. */
const JWT_HEADER = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';

/**
 * The token of a user's subscription page. It stays the same until the user's links are revoked.
 * `validFrom` is the last revocation, or the creation of a user who was never revoked.
 */
export function writeToken(username: string, validFrom: Date, key: KeyObject): string {
  const payload = Buffer.from(`${username},${validFrom.getTime()}`).toString('base64url');
  return payload + ownSignature(payload, key);
}

/**
 * Who a token was made for and when, if one of the keys signed it; `isTokenValid` decides whether it still counts.
 * `now` is for the oldest form only, which may carry its own time limits.
 * Source: Marzban `app/utils/jwt.py`, of 0.8.4 and of 0.4.9 (JWT). A JWT without name or time is no token here.
 */
export function readToken(text: string, keys: TokenKeys, now: Date): SubscriptionToken | undefined {
  return (
    readOwn(text, keys.own) ??
    firstOf(keys.imported, (secret) =>
      text.startsWith(`${JWT_HEADER}.`) ? readJwt(text, secret, now) : readMarzban(text, secret),
    )
  );
}

/**
 * Whether links issued then are valid now. Ours count for one creation or revocation of the user, to the
 * millisecond; imported ones when they are not older than either, in whole seconds as they were rounded.
 */
export function isTokenValid(issued: TokenIssue, createdAt: Date, revokedAt: Date | null): boolean {
  if ('exactMs' in issued) return issued.exactMs === (revokedAt ?? createdAt).getTime();
  const issuedMs = issued.seconds * 1000;
  return createdAt.getTime() <= issuedMs && (revokedAt === null || revokedAt.getTime() <= issuedMs);
}

function readOwn(text: string, key: KeyObject): SubscriptionToken | undefined {
  const cut = text.length - OWN_SIGNATURE_LENGTH;
  if (cut <= 0) return undefined;
  const payload = text.slice(0, cut);
  if (!sameText(text.slice(cut), ownSignature(payload, key))) return undefined;
  const issue = readPayload(payload, OWN_PAYLOAD);
  return issue && { username: issue.username, issued: { exactMs: issue.time } };
}

function ownSignature(payload: string, key: KeyObject): string {
  return createHmac('sha256', key).update(payload).digest('base64url');
}

function readMarzban(text: string, secret: string): SubscriptionToken | undefined {
  if (text.length < MARZBAN_MIN_LENGTH) return undefined;
  const cut = text.length - MARZBAN_SIGNATURE_LENGTH;
  const payload = text.slice(0, cut);
  const signature = createHash('sha256')
    .update(payload + secret)
    .digest('base64url');
  if (!sameText(text.slice(cut), signature.slice(0, MARZBAN_SIGNATURE_LENGTH))) return undefined;
  const issue = readPayload(payload, MARZBAN_PAYLOAD);
  return issue && { username: issue.username, issued: { seconds: issue.time } };
}

function readJwt(text: string, secret: string, now: Date): SubscriptionToken | undefined {
  const [header, body, signature, ...rest] = text.split('.');
  if (body === undefined || signature === undefined || rest.length > 0) return undefined;
  const expected = createHmac('sha256', secret).update(`${header}.${body}`).digest('base64url');
  if (!sameText(signature, expected)) return undefined;
  const claims = parseObject(Buffer.from(body, 'base64url').toString());
  if (claims?.access !== 'subscription' || typeof claims.sub !== 'string') return undefined;
  const { iat, exp } = claims;
  const nowSeconds = now.getTime() / 1000;
  if (typeof iat !== 'number' || iat > nowSeconds) return undefined;
  if (exp !== undefined && !(typeof exp === 'number' && exp > nowSeconds)) return undefined;
  return { username: claims.sub, issued: { seconds: iat } };
}

/** `<username>,<integer>`, in base64url; Marzban looks at no more of what it has signed. */
const OWN_PAYLOAD = /^([^,]+),(\d{1,16})$/;
const MARZBAN_PAYLOAD = /^([^,]+),(\d{1,16})(?:,|$)/;

function readPayload(payload: string, form: RegExp): { username: string; time: number } | undefined {
  if (!/^[\w-]+$/.test(payload) || payload.length % 4 === 1) return undefined;
  const match = form.exec(Buffer.from(payload, 'base64url').toString());
  return match ? { username: match[1]!, time: Number(match[2]) } : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Compares without telling by its time where the texts differ. */
function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
