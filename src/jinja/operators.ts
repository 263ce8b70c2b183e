import { spend, spendOnText } from './budget.js';
import { Dict, sequence, Tuple } from './containers.js';
import { DateTime, TimeDelta } from './datetime.js';
import { compareNumbers, compareTexts, equals, isNumber } from './equality.js';
import { fail } from './errors.js';
import { formatPercent } from './format-percent.js';
import { str, escaped } from './text.js';
import { iterate, Markup, textOf, type Value, typeName, Undefined } from './values.js';

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** Integers beyond this many bits are nobody's traffic. */
const MAX_BITS = 1_000_000;

function unsupported(operator: string, a: Value, b: Value): never {
  return fail(
    'TypeError',
    `unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`,
  );
}

/** Python's `a operator b`. */
export function calculate(operator: BinaryOperator, a: Value, b: Value): Value {
  if (a instanceof Undefined) return a.refuse();
  if (operator === '%' && textOf(a) !== undefined) {
    const text = formatPercent(textOf(a)!, b, a instanceof Markup ? escaped : str);
    return a instanceof Markup ? new Markup(text) : text;
  }
  if (b instanceof Undefined) return b.refuse();
  if (isNumber(a) && isNumber(b)) return ofNumbers(operator, a, b);
  const time = ofTimes(operator, a, b);
  if (time !== undefined) return time;
  if (operator === '+') return concatenate(a, b);
  if (operator === '*') return typeof a === 'bigint' || typeof a === 'boolean' ? repeat(b, a) : repeat(a, b);
  return unsupported(operator === '**' ? '** or pow()' : operator, a, b);
}

function concatenate(a: Value, b: Value): Value {
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) {
    spendOnText(left.length + right.length);
    if (a instanceof Markup || b instanceof Markup) return new Markup(escaped(a) + escaped(b));
    return left + right;
  }
  if (left !== undefined) return fail('TypeError', `can only concatenate str (not "${typeName(b)}") to str`);
  const [first, second] = [sequence(a), sequence(b)];
  if (first && second && Array.isArray(a) === Array.isArray(b)) {
    spend(first.length + second.length);
    const both = [...first, ...second];
    return Array.isArray(a) ? both : new Tuple(both);
  }
  return unsupported('+', a, b);
}

function repeat(value: Value, times: Value): Value {
  if (typeof times !== 'bigint' && typeof times !== 'boolean') return unsupported('*', value, times);
  const count = Math.max(0, Number(times));
  const text = textOf(value);
  if (text !== undefined) {
    spendOnText(text.length * count);
    return value instanceof Markup ? new Markup(text.repeat(count)) : text.repeat(count);
  }
  const items = sequence(value);
  if (!items) return unsupported('*', value, times);
  spend(items.length * count);
  const repeated = Array.from({ length: count }, () => items).flat();
  return Array.isArray(value) ? repeated : new Tuple(repeated);
}

function ofNumbers(
  operator: BinaryOperator,
  a: bigint | number | boolean,
  b: bigint | number | boolean,
): Value {
  if (typeof a !== 'number' && typeof b !== 'number') return ofIntegers(operator, BigInt(a), BigInt(b));
  const [x, y] = [Number(a), Number(b)];
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return y === 0 ? fail('ZeroDivisionError', 'float division by zero') : x / y;
    case '//':
      if (y === 0) return fail('ZeroDivisionError', 'float floor division by zero');
      return Math.floor((x - modulo(x, y)) / y + 0.5); // exact up to the last bit, where x / y may round up
    case '%':
      return y === 0 ? fail('ZeroDivisionError', 'float modulo') : modulo(x, y);
    case '**':
      if (x === 0 && y < 0) return fail('ZeroDivisionError', '0.0 cannot be raised to a negative power');
      return x ** y;
  }
}

/** The rest with the sign of the divisor. */
function modulo(x: number, y: number): number {
  const rest = x % y;
  if (rest === 0) return y < 0 ? -0 : 0;
  return rest < 0 === y < 0 ? rest : rest + y;
}

function ofIntegers(operator: BinaryOperator, a: bigint, b: bigint): Value {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return checked(bits(a) + bits(b), () => a * b);
    case '/':
      return b === 0n ? fail('ZeroDivisionError', 'division by zero') : divide(a, b);
    case '//':
      return b === 0n
        ? fail('ZeroDivisionError', 'integer division or modulo by zero')
        : (a - rest(a, b)) / b;
    case '%':
      return b === 0n ? fail('ZeroDivisionError', 'integer modulo by zero') : rest(a, b);
    case '**':
      if (b < 0n) return ofNumbers('**', Number(a), Number(b));
      return checked(a === 1n || a === 0n || a === -1n ? 1 : bits(a) * Number(b), () => a ** b);
  }
}

const rest = (a: bigint, b: bigint) => (a % b !== 0n && a % b < 0n !== b < 0n ? (a % b) + b : a % b);

const bits = (value: bigint) => value.toString(16).length * 4;

function checked(size: number, work: () => bigint): bigint {
  if (size > MAX_BITS) return fail('OverflowError', 'integer is too large');
  spend(size / 64);
  return work();
}

/** The nearest float to the exact quotient. */
function divide(a: bigint, b: bigint): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) return x / y;
  const shift = BigInt(Math.max(0, 66 - (bits(a < 0n ? -a : a) - bits(b < 0n ? -b : b))));
  const quotient = (a << shift) / b;
  const sticky = (a << shift) % b === 0n ? 0n : 1n; // so that no half is rounded as if it were exact
  return Number((quotient << 1n) | sticky) / 2 ** (Number(shift) + 1);
}

function ofTimes(operator: BinaryOperator, a: Value, b: Value): Value | undefined {
  if (a instanceof DateTime && b instanceof DateTime && operator === '-') return a.minus(b);
  if (a instanceof DateTime && b instanceof TimeDelta && (operator === '+' || operator === '-')) {
    return a.plus(operator === '+' ? b : b.times(-1));
  }
  if (a instanceof TimeDelta && b instanceof DateTime && operator === '+') return b.plus(a);
  if (a instanceof TimeDelta && b instanceof TimeDelta) return a.with(operator, b);
  if (a instanceof TimeDelta && isNumber(b)) {
    if (operator === '*') return a.times(Number(b));
    if (operator === '/' || operator === '//') return a.times(1 / Number(b));
  }
  return b instanceof TimeDelta && isNumber(a) && operator === '*' ? b.times(Number(a)) : undefined;
}

export function negate(value: Value): Value {
  if (value instanceof Undefined) return value.refuse();
  if (value instanceof TimeDelta) return value.times(-1);
  if (!isNumber(value)) return fail('TypeError', `bad operand type for unary -: '${typeName(value)}'`);
  return typeof value === 'number' ? -value : -BigInt(value);
}

/** Python's `a comparison b`. */
export function compare(comparison: Comparison, a: Value, b: Value): boolean {
  switch (comparison) {
    case '==':
      return equals(a, b);
    case '!=':
      return !equals(a, b);
    case 'in':
      return contains(b, a);
    case 'not in':
      return !contains(b, a);
    default: {
      const order = orderOf(a, b, comparison);
      if (order === undefined) return false;
      if (comparison === '<') return order < 0;
      if (comparison === '<=') return order <= 0;
      return comparison === '>' ? order > 0 : order >= 0;
    }
  }
}

/** Which comes first; undefined with NaN. Throws a `TypeError` for what has no order. */
export function orderOf(a: Value, b: Value, comparison: Comparison = '<'): number | undefined {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) return compareTexts(left, right);
  const [first, second] = [sequence(a), sequence(b)];
  if (first && second && Array.isArray(a) === Array.isArray(b)) {
    const at = first.findIndex((item, index) => index >= second.length || !equals(item, second[index]!));
    if (at === -1 || at >= second.length) return first.length - second.length;
    return orderOf(first[at]!, second[at]!, comparison);
  }
  if (a instanceof DateTime && b instanceof DateTime) return compareNumbers(a.micros, b.micros);
  if (a instanceof TimeDelta && b instanceof TimeDelta) return compareNumbers(a.micros, b.micros);
  if (a instanceof Undefined) return a.refuse();
  if (b instanceof Undefined) return b.refuse();
  return fail(
    'TypeError',
    `'${comparison}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

export function contains(container: Value, value: Value): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(value);
    if (part !== undefined) return text.includes(part);
    return fail('TypeError', `'in <string>' requires string as left operand, not ${typeName(value)}`);
  }
  if (container instanceof Dict) return container.has(value);
  for (const item of iterate(container)) {
    spend(1);
    if (equals(item, value)) return true;
  }
  return false;
}
