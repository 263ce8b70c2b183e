import argon2 from 'argon2';
import bcrypt from 'bcrypt';

/** 19 MiB, two passes, one lane: OWASP's figures, about 30 ms here. */
const ARGON2 = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Of no password anybody has; made as the real ones are, so that it takes as long to check. */
const DUMMY_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$GuRRCjLEyatkV0v8wUJTpw$61kD5ONEI3VwWdUArZMcPLjdClUicGnSFieRIhIeRGM';

/** An argon2id hash with its parameters, to be stored. */
export function hashPassword(password: string): Promise<string> {
  return argon2.hash(password, ARGON2);
}

/**
 * Whether `password` is the one of `hash`: argon2id, or bcrypt as Marzban stored it. Without a hash the answer is no, after
 * the same work, so that the time does not tell whether a name exists.
 */
export async function isPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  if (hash?.startsWith('$2')) return bcrypt.compare(password, hash.replace(/^\$2y\$/, '$2b$')); // PHP's name of it
  const matches = await argon2.verify(hash ?? DUMMY_HASH, password);
  return matches && hash !== null && hash !== undefined;
}

/** All that bcrypt looks at of a password. */
const BCRYPT_BYTES = 72;

/**
 * Whether a hash of this password is weaker than what `hashPassword` makes now. One of bcrypt whose password is longer than
 * it looks at stays: there, whatever begins alike is right, and would not be any more.
 */
export function needsRehash(hash: string, password: string): boolean {
  if (hash.startsWith('$2')) return Buffer.byteLength(password) <= BCRYPT_BYTES;
  return argon2.needsRehash(hash, ARGON2);
}
