/** Far more than clients make up, and little enough for a path, a link and the name of a file. */
const LONGEST = 128;

const ALLOWED = /^[A-Za-z0-9_@.-]+$/;

/** The first run of word characters, which the rule about 3 to 32 characters is about. */
const FIRST_WORD = /^\w+/;

/**
 * Whether a new user may have this name: letters, digits, `-`, `_`, `@`, `.`, of which the leading run of letters,
 * digits and `_` is 3 to 32 long; at most 128 in all.
 * Source: Marzban `app/models/user.py` (its pattern is the same language, but exponential, without a bound on the
 * whole, and open to a trailing newline).
 */
export function isUsername(text: string): boolean {
  const word = FIRST_WORD.exec(text)?.[0] ?? '';
  return text.length <= LONGEST && ALLOWED.test(text) && word.length >= 3 && word.length <= 32;
}
