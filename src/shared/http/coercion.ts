import type { Issue } from '../domain/errors.js';

/**
 * How values of a request become values of the program, with the leniency and the words of the predecessor's
 * parser. Source: pydantic 2.10 in its lax mode, as Marzban 0.8.4 uses it. Everything here is pure.
 */

/** An answer tells of so many issues; what else is wrong nobody looks for. */
const MOST_ISSUES = 100;

/** Why a value cannot be read. Locations are relative to the value. */
export class Invalid {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    this.issues = issues.slice(0, MOST_ISSUES);
  }

  static of(type: string, msg: string): Invalid {
    return new Invalid([{ loc: [], msg, type }]);
  }

  /** A rule of ours, in the words `Value error, …`. */
  static value(text: string): Invalid {
    return Invalid.of('value_error', `Value error, ${text}`);
  }

  /** The same issues, seen from the value that holds this one under `key`. */
  under(...key: (string | number)[]): Invalid {
    return new Invalid(this.issues.map((issue) => ({ ...issue, loc: [...key, ...issue.loc] })));
  }
}

export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);

const DECIMAL = /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/;
const MAX_DIGITS = 4300;
const NUMERIC = /^[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const TRUE_WORDS = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE_WORDS = new Set(['false', 'f', 'no', 'n', 'off', '0']);
const UNSTORABLE = /[\0\p{Surrogate}]/u;

export interface IntLimits {
  min?: bigint | number;
  max?: bigint | number;
}

/** A 64-bit integer. Takes whole floats, booleans and decimal text. */
export function readInt(value: unknown, { min, max }: IntLimits = {}): bigint | Invalid {
  const int = toInt(value);
  if (int instanceof Invalid) return int;
  if (min !== undefined && int < min) {
    return Invalid.of('greater_than_equal', `Input should be greater than or equal to ${min}`);
  }
  // Without a bound of its own a value must still fit the database.
  if (int < INT64_MIN) {
    return Invalid.of('greater_than_equal', `Input should be greater than or equal to ${INT64_MIN}`);
  }
  const most = max ?? INT64_MAX;
  return int > most ? Invalid.of('less_than_equal', `Input should be less than or equal to ${most}`) : int;
}

function toInt(value: unknown): bigint | Invalid {
  switch (typeof value) {
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1n : 0n;
    case 'number':
      if (!Number.isFinite(value)) return Invalid.of('finite_number', 'Input should be a finite number');
      if (Number.isInteger(value)) return BigInt(value);
      return Invalid.of(
        'int_from_float',
        'Input should be a valid integer, got a number with a fractional part',
      );
    case 'string':
      return textToInt(value.trim());
    default:
      return Invalid.of('int_type', 'Input should be a valid integer');
  }
}

function textToInt(text: string): bigint | Invalid {
  if (!DECIMAL.test(text)) {
    return Invalid.of('int_parsing', 'Input should be a valid integer, unable to parse string as an integer');
  }
  if (text.length > MAX_DIGITS) {
    return Invalid.of(
      'int_parsing_size',
      'Unable to parse input string as an integer, exceeded maximum size',
    );
  }
  const digits = text.replace(/\..*$/, '').replaceAll('_', '');
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits.replace('+', ''));
}

/**
 * A 64-bit integer for fields that cut fractions off and refuse text (`data_limit`, `users_usage`).
 * `refusal` is the field's own message for anything that is no number.
 */
export function readCutInt(value: unknown, refusal: string, limits?: IntLimits): bigint | Invalid {
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return Invalid.value('cannot convert float NaN to integer');
    return readInt(Number.isFinite(value) ? Math.trunc(value) : value, limits);
  }
  return typeof value === 'bigint' || typeof value === 'boolean'
    ? readInt(value, limits)
    : Invalid.value(refusal);
}

/** A floating-point number above `above`. Takes booleans and numeric text. */
export function readNumber(value: unknown, { above }: { above?: number } = {}): number | Invalid {
  const number = toNumber(value);
  if (number instanceof Invalid) return number;
  if (above !== undefined && !(number > above)) {
    return Invalid.of('greater_than', `Input should be greater than ${above}`);
  }
  return Number.isFinite(number) ? number : Invalid.of('finite_number', 'Input should be a finite number');
}

function toNumber(value: unknown): number | Invalid {
  switch (typeof value) {
    case 'number':
      return value;
    case 'bigint':
    case 'boolean':
      return Number(value);
    case 'string': {
      const text = value.trim();
      if (NUMERIC.test(text)) return Number(text.replaceAll('_', ''));
      return Invalid.of(
        'float_parsing',
        'Input should be a valid number, unable to parse string as a number',
      );
    }
    default:
      return Invalid.of('float_type', 'Input should be a valid number');
  }
}

/** A boolean. Takes 0, 1 and the usual words in any case. */
export function readBool(value: unknown): boolean | Invalid {
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 0n) return false;
  if (value === 1 || value === 1n) return true;
  if (typeof value === 'string') {
    const word = value.toLowerCase();
    if (TRUE_WORDS.has(word)) return true;
    if (FALSE_WORDS.has(word)) return false;
  }
  const readable = typeof value === 'string' || typeof value === 'bigint' || Number.isInteger(value);
  return readable
    ? Invalid.of('bool_parsing', 'Input should be a valid boolean, unable to interpret input')
    : Invalid.of('bool_type', 'Input should be a valid boolean');
}

export interface TextLimits {
  /** In characters, not in UTF-16 units. */
  minLength?: number;
  maxLength?: number;
  /** Need only match somewhere. */
  pattern?: RegExp;
}

/** Text that PostgreSQL can hold. */
export function readText(
  value: unknown,
  { minLength, maxLength, pattern }: TextLimits = {},
): string | Invalid {
  if (typeof value !== 'string') return Invalid.of('string_type', 'Input should be a valid string');
  if (UNSTORABLE.test(value)) {
    return Invalid.value('text must not contain the character U+0000 or unpaired surrogates');
  }
  if (minLength !== undefined && isShorter(value, minLength)) {
    return Invalid.of('string_too_short', `String should have at least ${characters(minLength)}`);
  }
  if (maxLength !== undefined && !isShorter(value, maxLength + 1)) {
    return Invalid.of('string_too_long', `String should have at most ${characters(maxLength)}`);
  }
  if (pattern && !pattern.test(value)) {
    return Invalid.of('string_pattern_mismatch', `String should match pattern '${pattern.source}'`);
  }
  return value;
}

function isShorter(text: string, length: number): boolean {
  if (text.length < length) return true;
  if (text.length >= 2 * length) return false; // a character has at most two units
  return [...text].length < length;
}

function characters(count: number): string {
  return count === 1 ? '1 character' : `${count} characters`;
}

/** One of `values`, spelled exactly. */
export function readEnum<T extends string>(value: unknown, values: readonly T[]): T | Invalid {
  if (values.includes(value as T)) return value as T;
  const quoted = values.map((candidate) => `'${candidate}'`);
  const last = quoted.pop();
  const list = quoted.length > 0 ? `${quoted.join(', ')} or ${last}` : last;
  return Invalid.of('enum', `Input should be ${list}`);
}

/** A list of what `read` reads, at most `max` of them; every bad element is reported, up to the most there can be. */
export function readList<T>(
  value: unknown,
  read: (element: unknown) => T | Invalid,
  max = Number.POSITIVE_INFINITY,
): T[] | Invalid {
  if (!Array.isArray(value)) return Invalid.of('list_type', 'Input should be a valid list');
  if (value.length > max) {
    return Invalid.of(
      'too_long',
      `List should have at most ${max} items after validation, not ${value.length}`,
    );
  }
  let issues: readonly Issue[] = [];
  const elements: T[] = [];
  for (const [index, element] of value.entries()) {
    const result = read(element);
    if (!(result instanceof Invalid)) elements.push(result);
    else if ((issues = issues.concat(result.under(index).issues)).length >= MOST_ISSUES) break;
  }
  return issues.length > 0 ? new Invalid(issues) : elements;
}

/** A dictionary as a plain object without prototype, in the order of its keys; bad keys and values are reported, as in lists. */
export function readMap<K extends string, V>(
  value: unknown,
  readKey: (key: string) => K | Invalid,
  readValue: (element: unknown, key: string) => V | Invalid,
): Record<K, V> | Invalid {
  if (!isObject(value)) return Invalid.of('dict_type', 'Input should be a valid dictionary');
  let issues: readonly Issue[] = [];
  const map = Object.create(null) as Record<K, V>;
  for (const [name, element] of Object.entries(value)) {
    const key = readKey(name);
    if (key instanceof Invalid) issues = issues.concat(key.under(name, '[key]').issues);
    const result = readValue(element, name);
    if (result instanceof Invalid) issues = issues.concat(result.under(name).issues);
    if (issues.length >= MOST_ISSUES) break;
    if (!(key instanceof Invalid) && !(result instanceof Invalid)) map[key] = result;
  }
  return issues.length > 0 ? new Invalid(issues) : map;
}

/** Whether JSON calls this an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
