import { Invalid } from '../../../shared/http/coercion.js';

const HYPHENATED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const GROUPS = [8, 4, 4, 4, 12] as const;
const URN = 'urn:uuid:';

/**
 * A UUID in lower case with hyphens. Takes what pydantic takes: with hyphens, 32 hexadecimal digits, with hyphens in
 * braces or after `urn:uuid:`; the reasons of a refusal are those of its parser.
 */
export function readUuid(value: unknown): string | Invalid {
  if (typeof value !== 'string') {
    return Invalid.of('uuid_type', 'UUID input should be a string, bytes or UUID object');
  }
  const { body, offset, isWrapped } = unwrap(value);
  if (HYPHENATED.test(body)) return body.toLowerCase();
  if (!isWrapped && /^[0-9a-f]{32}$/i.test(value)) return withHyphens(value.toLowerCase());
  return Invalid.of(
    'uuid_parsing',
    `Input should be a valid UUID, ${reason(value, body, offset, isWrapped)}`,
  );
}

function unwrap(text: string): { body: string; offset: number; isWrapped: boolean } {
  if (text.startsWith('{') && text.endsWith('}') && text.length > 1) {
    return { body: text.slice(1, -1), offset: 1, isWrapped: true };
  }
  if (text.startsWith(URN)) return { body: text.slice(URN.length), offset: URN.length, isWrapped: true };
  return { body: text, offset: 0, isWrapped: false };
}

function withHyphens(digits: string): string {
  let at = 0;
  return GROUPS.map((length) => digits.slice(at, (at += length))).join('-');
}

function reason(text: string, body: string, offset: number, isWrapped: boolean): string {
  const bad = /[^0-9a-f-]/iu.exec(body);
  if (bad) {
    const position = Buffer.byteLength(body.slice(0, bad.index)) + offset + 1;
    return `invalid character: expected an optional prefix of \`${URN}\` followed by [0-9a-fA-F-], found \`${bad[0]}\` at ${position}`;
  }
  const groups = body.split('-');
  if (groups.length === 1 && !isWrapped) {
    return `invalid length: expected length 32 for simple format, found ${text.length}`;
  }
  if (groups.length !== GROUPS.length) return `invalid group count: expected 5, found ${groups.length}`;
  const index = GROUPS.findIndex((length, group) => groups[group]!.length !== length);
  return `invalid group length in group ${index}: expected ${GROUPS[index]}, found ${groups[index]!.length}`;
}
