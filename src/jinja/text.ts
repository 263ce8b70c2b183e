import { spendOnText } from './budget.js';
import { fail } from './errors.js';
import { Markup, PyObject, reprText, textOf, typeName, type Value } from './values.js';

/** Python's `str`. */
export function str(value: Value): string {
  return typeof value === 'string' ? value : value instanceof PyObject ? value.str() : repr(value);
}

/** Python's `repr`. */
export function repr(value: Value): string {
  switch (typeof value) {
    case 'string':
      return reprText(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return reprInt(value);
    case 'number':
      return reprFloat(value);
    case 'function':
      return '<function>';
    default:
      if (value === null) return 'None';
      return Array.isArray(value) ? `[${listed(value.map(repr))}]` : value.repr();
  }
}

/** Parts with commas between them. A list that holds itself, or one thing many times, would have no end. */
export function listed(parts: readonly string[], separator = ', '): string {
  spendOnText(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return parts.join(separator);
}

/** Python refuses to write numbers of more than 4300 digits. */
const TOO_LONG = 10n ** 4300n;

export function reprInt(value: bigint): string {
  if (value < TOO_LONG && value > -TOO_LONG) return value.toString();
  return fail('ValueError', 'Exceeds the limit (4300 digits) for integer string conversion');
}

/** The shortest digits that give `value` again, as JavaScript finds them, in Python's spelling. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) return `${digits}e${writeExponent(exponent)}`;
  const plain = value.toString();
  if (plain.includes('e')) return value.toFixed(digits.replace(/\D/g, '').length - 1 - exponent);
  return plain.includes('.') ? plain : `${plain}.0`;
}

/** At least two digits, and always a sign. */
export function writeExponent(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** The text of what must be one. */
export function wantText(value: Value, what = 'expected str instance'): string {
  return textOf(value) ?? fail('TypeError', `${what}, ${typeName(value)} found`);
}

/** Jinja's way to a text: a text is itself, anything else is printed. */
export const softText = (value: Value): string => textOf(value) ?? str(value);

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** `text` with HTML's own characters as entities. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);

/** The text of `value` for HTML: that of markup as it is. */
export function escaped(value: Value): string {
  return value instanceof Markup ? value.text : escapeHtml(str(value));
}

const BLANK = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** What Python counts as white space, for a character class. */
export const BLANKS = BLANK;
const LEADING = new RegExp(`^[${BLANK}]+`);
const TRAILING = new RegExp(`[${BLANK}]+$`);

export const trimStart = (text: string): string => text.replace(LEADING, '');

/** Goes from the end: the expression would look at each run of blanks in the text. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
