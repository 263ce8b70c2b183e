import { createHash } from 'node:crypto';

/** Characters of six bits each: enough that no two versions of an answer meet. */
const LENGTH = 22;

/** What JSON can write; no integers of 64 bits. */
type Json = string | number | boolean | null | object;

/**
 * The entity tag of an answer that is made from these values. It is a weak one: an answer may draw among alternatives,
 * so two with the same tag mean the same, but need not be the same bytes.
 */
export function entityTag(...madeFrom: readonly Json[]): string {
  const text = JSON.stringify(madeFrom);
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, LENGTH)}"`;
}
