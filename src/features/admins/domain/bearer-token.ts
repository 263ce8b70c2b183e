/**
 * The token of an `Authorization` header; undefined without one or with another scheme. The scheme is compared without
 * case and ends at the first blank; a second blank belongs to the token, and spoils it.
 */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const blank = header.indexOf(' ');
  const scheme = blank < 0 ? header : header.slice(0, blank);
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  return blank < 0 ? '' : header.slice(blank + 1);
}
