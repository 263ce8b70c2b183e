/** Controls, separators of lines, and what turns the direction of the text that follows. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/**
 * Whether a name holds what cannot be seen in it but changes what stands around it: it would forge lines of a log, or look
 * like another name.
 */
export function isUnprintable(name: string): boolean {
  return UNPRINTABLE.test(name);
}

/** Why a person cannot be known by this name; undefined when it is fine. */
export function faultOfPersonName(name: string): string | undefined {
  if (isUnprintable(name)) return 'must not hold control characters';
  return name === name.trim() ? undefined : 'must not begin or end with a blank';
}
