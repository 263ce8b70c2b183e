import { spendOnText } from './budget.js';
import { Dict, Tuple } from './containers.js';
import { fail } from './errors.js';
import { place, placeNumber, truncate, writeFloat, writeInteger, type FloatStyle } from './format-number.js';
import { repr } from './text.js';
import { isPlain, textLength, textOf, sliceText, type Value, typeName } from './values.js';

const DIRECTIVE = /%(?:\(([^()]*)\))?([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?[hlL]?([^]|$)/g;

/** Python's `format % values`. Texts are printed by `print`. */
export function formatPercent(format: string, values: Value, print: (value: Value) => string): string {
  const given = values instanceof Tuple ? values.items : [values];
  const mapping = values instanceof Dict ? values : undefined;
  let used = 0;
  let byName = false;
  const next = () =>
    used < given.length ? given[used++]! : fail('TypeError', 'not enough arguments for format string');
  const size = (text: string | undefined, byDefault: number) => {
    if (text !== '*') return text === undefined ? byDefault : Number(text);
    const value = next();
    return typeof value === 'bigint' ? Number(value) : fail('TypeError', '* wants int');
  };

  const text = format.replace(
    DIRECTIVE,
    (_, key?: string, flags = '', width = '', precision?: string, type = '') => {
      if (type === '%') return '%';
      if (type === '') return fail('ValueError', 'incomplete format');
      const field = {
        fill: flags.includes('0') && !flags.includes('-') ? '0' : ' ',
        align: flags.includes('-') ? ('<' as const) : ('>' as const),
        sign: flags.includes('+') ? ('+' as const) : flags.includes(' ') ? (' ' as const) : ('-' as const),
        alternate: flags.includes('#'),
        width: size(width || undefined, 0),
        grouping: '',
      };
      const digits = precision === undefined ? undefined : size(precision || '0', 0);
      if (key !== undefined) {
        byName = true;
        if (!mapping) return fail('TypeError', 'format requires a mapping');
      }
      const value =
        key === undefined ? next() : mapping!.has(key) ? mapping!.get(key)! : fail('KeyError', repr(key));
      const asNumber = { ...field, align: field.fill === '0' ? ('=' as const) : field.align };
      switch (type) {
        case 's':
        case 'r':
        case 'a': {
          const whole = type === 's' ? print(value) : type === 'r' ? repr(value) : ascii(repr(value));
          return place(digits === undefined ? whole : sliceText(whole, 0, digits), { ...field, fill: ' ' });
        }
        case 'c':
          return place(character(value), { ...field, fill: ' ' });
        case 'd':
        case 'i':
        case 'u':
        case 'x':
        case 'X':
        case 'o': {
          const number = integer(value, type);
          const { prefix, digits: body } = writeInteger(number, type, field.alternate);
          spendOnText(digits ?? 0);
          return placeNumber(body.padStart(digits ?? 0, '0'), number < 0n, prefix, asNumber);
        }
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G': {
          const number = float(value);
          const style = type.toLowerCase() as FloatStyle;
          const body = writeFloat(number, style, digits ?? 6, field.alternate);
          const isNegative = number < 0 || Object.is(number, -0);
          return placeNumber(type === style ? body : body.toUpperCase(), isNegative, '', asNumber);
        }
        default:
          return fail('ValueError', `unsupported format character '${type}'`);
      }
    },
  );
  if (!byName && !mapping && used < given.length) {
    return fail('TypeError', 'not all arguments converted during string formatting');
  }
  return text;
}

function character(value: Value): string {
  const text = textOf(value);
  if (text !== undefined && textLength(text) === 1) return text;
  if (typeof value === 'bigint' && value >= 0n && value < 0x11_0000n)
    return String.fromCodePoint(Number(value));
  return fail('TypeError', '%c requires int or char');
}

function integer(value: Value, type: string): bigint {
  if (typeof value === 'bigint' || typeof value === 'boolean') return BigInt(value);
  if (typeof value === 'number' && /[diu]/.test(type)) return truncate(value);
  return fail('TypeError', `%${type} format: a real number is required, not ${typeName(value)}`);
}

function float(value: Value): number {
  if (typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'number')
    return Number(value);
  return fail('TypeError', `must be real number, not ${typeName(value)}`);
}

/** Everything beyond ASCII as an escape. */
function ascii(text: string): string {
  if (isPlain(text) && /^[\x20-\x7e]*$/.test(text)) return text;
  return [...text].map(escapeBeyondAscii).join('');
}

function escapeBeyondAscii(char: string): string {
  const code = char.codePointAt(0)!;
  if (code < 0x80) return char;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex}`;
  return code < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
