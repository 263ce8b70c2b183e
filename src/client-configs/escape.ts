/** Percent-encodes all but letters, digits and `_.-~`; a lone surrogate, which no URI can hold, becomes U+FFFD. */
export function percentEncode(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-encodes what follows a `#`. */
export function encodeFragment(text: string): string {
  return percentEncode(text).replaceAll('%2F', '/');
}

/** Percent-encodes what precedes an `@`. */
export function encodeUserInfo(text: string): string {
  return percentEncode(text).replaceAll('%3A', ':');
}

/** The inside of a JSON string, in ASCII. */
export function escapeJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON in ASCII with sorted keys and blanks after `,` and `:`, as Python writes it for Marzban's vmess links. */
export function sortedJson(value: unknown): string {
  if (typeof value === 'string') return `"${escapeJson(value)}"`;
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value); // a number, also a bigint, or a constant
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `"${escapeJson(key)}": ${sortedJson(member)}`).join(', ')}}`;
}

/** Standard base64, with padding, of the text in UTF-8. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A gRPC service name, or a path of several, as Xray's server escapes its own: the two must be equal to the letter. */
export function escapeServiceName(name: string): string {
  if (name.startsWith('/')) return name.split('/').map(escapeSegment).join('/');
  return escapeSegment(name);
}

/** As Go's `url.PathEscape`. */
function escapeSegment(segment: string): string {
  return percentEncode(segment).replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent);
}
