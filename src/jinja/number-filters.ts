import { fail, JinjaError } from './errors.js';
import { isNumber } from './equality.js';
import { roundFloat, truncate } from './format-number.js';
import { calculate } from './operators.js';
import { wantIndex } from './subscript.js';
import type { FilterContext } from './runtime.js';
import { defineAll } from './signature.js';
import { trimEnd, trimStart } from './text.js';
import { textOf, type Value, typeName, Undefined } from './values.js';

const FLOAT =
  /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)$/i;

const bare = (text: string) => trimStart(trimEnd(text));

/** Python's `float()`. */
export function toFloat(value: Value): number {
  if (isNumber(value)) return Number(value);
  const text = textOf(value);
  if (value instanceof Undefined) return value.refuse();
  if (text === undefined) {
    return fail('TypeError', `float() argument must be a string or a real number, not '${typeName(value)}'`);
  }
  const digits = bare(text).replaceAll('_', '');
  if (!FLOAT.test(bare(text))) return fail('ValueError', `could not convert string to float: '${text}'`);
  return Number(digits.replace(/inf(?:inity)?/i, 'Infinity').replace(/^[+-]?nan$/i, 'NaN'));
}

/** Python's `int(text, base)`. */
function parseInteger(text: string, base: number): bigint {
  const wrong = () => fail('ValueError', `invalid literal for int() with base ${base}: '${text}'`);
  if (base !== 0 && (base < 2 || base > 36)) fail('ValueError', 'int() base must be >= 2 and <= 36, or 0');
  const [, sign = '', prefix = '', digits = ''] = /^([+-]?)(0[box])?_?(.*)$/is.exec(bare(text)) ?? [];
  const prefixBase = { '0b': 2, '0o': 8, '0x': 16 }[prefix.toLowerCase()];
  const isPrefix = prefixBase !== undefined && (base === 0 || base === prefixBase);
  const radix = isPrefix ? prefixBase : base || 10;
  const plain = (isPrefix ? '' : prefix) + digits;
  if (!/^[\da-z]+(?:_[\da-z]+)*$/i.test(plain)) return wrong();
  let value = 0n;
  for (const char of plain.replaceAll('_', '')) {
    const digit = Number.parseInt(char, 36);
    if (digit >= radix) return wrong();
    value = value * BigInt(radix) + BigInt(digit);
  }
  return sign === '-' ? -value : value;
}

function toInteger(value: Value, base: number): bigint {
  const text = textOf(value);
  if (text !== undefined) {
    if (text.length > 4300)
      return fail('ValueError', 'Exceeds the limit (4300 digits) for integer string conversion');
    return parseInteger(text, base);
  }
  if (typeof value === 'number') return truncate(value);
  if (isNumber(value)) return BigInt(value);
  if (value instanceof Undefined) return value.refuse();
  return fail('TypeError', `int() argument must be a string or a real number, not '${typeName(value)}'`);
}

/** What `work` gives, or `otherwise` where Python would raise one of these. */
function unless(kinds: readonly string[], work: () => Value, otherwise: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof JinjaError && kinds.includes(error.kind)) return otherwise();
    throw error;
  }
}

const UNREADABLE = ['TypeError', 'ValueError'];

function round(value: Value, precision: Value, method: Value): Value {
  const way = textOf(method) ?? '';
  if (!['common', 'ceil', 'floor'].includes(way)) fail('TypeError', 'method must be common, ceil or floor');
  if (value instanceof Undefined) return value.refuse();
  if (!isNumber(value)) return fail('TypeError', `type ${typeName(value)} doesn't define __round__ method`);
  if (way === 'common') {
    const digits = wantIndex(precision);
    return typeof value === 'number' ? roundFloat(value, digits) : roundInteger(BigInt(value), digits);
  }
  const factor = calculate('**', 10n, precision);
  const scaled = calculate('*', value, factor);
  if (typeof scaled !== 'number') return calculate('/', scaled, factor);
  truncate(scaled); // Python refuses infinity and NaN here
  return calculate('/', BigInt(way === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)), factor);
}

/** Halves to the even neighbour. */
function roundInteger(value: bigint, digits: number): bigint {
  if (digits >= 0) return value;
  if (digits < -400) return 0n;
  const unit = 10n ** BigInt(-digits);
  const rest = ((value % unit) + unit) % unit;
  const down = value - rest;
  const isUp = rest * 2n > unit || (rest * 2n === unit && (down / unit) % 2n !== 0n);
  return isUp ? down + unit : down;
}

/** Jinja's filters that make numbers. */
export const NUMBER_FILTERS = defineAll<[FilterContext]>({
  'abs(x, /)': (value: Value) => {
    if (typeof value === 'number') return Math.abs(value);
    if (!isNumber(value)) return fail('TypeError', `bad operand type for abs(): '${typeName(value)}'`);
    return BigInt(value) < 0n ? -BigInt(value) : BigInt(value);
  },
  'float(value, default=0.0)': (value: Value, byDefault: Value) =>
    unless(
      UNREADABLE,
      () => toFloat(value),
      () => byDefault,
    ),
  'int(value, default=0, base=10)': (value: Value, byDefault: Value, base: Value) =>
    unless(
      UNREADABLE,
      () => toInteger(value, wantIndex(base)),
      () =>
        unless(
          [...UNREADABLE, 'OverflowError'],
          () => truncate(toFloat(value)),
          () => byDefault,
        ),
    ),
  "round(value, precision=0, method='common')": round,
});
