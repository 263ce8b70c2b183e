import { Dict, Tuple } from './containers.js';
import { isNumber } from './equality.js';
import { fail } from './errors.js';
import { isCallable } from './lookup.js';
import { calculate, compare, type Comparison } from './operators.js';
import type { FilterContext } from './runtime.js';
import { defineAll } from './signature.js';
import { softText } from './text.js';
import { Generator, Markup, PyObject, Range, textOf, type Value, typeName, Undefined } from './values.js';

const COMPARISONS: Record<string, Comparison> = {
  '==': '==',
  eq: '==',
  equalto: '==',
  '!=': '!=',
  ne: '!=',
  '>': '>',
  gt: '>',
  greaterthan: '>',
  '>=': '>=',
  ge: '>=',
  '<': '<',
  lt: '<',
  lessthan: '<',
  '<=': '<=',
  le: '<=',
  in: 'in',
};

const comparisons = Object.entries(COMPARISONS).map(([name, comparison]) => {
  const [[, compared] = []] = defineAll<[FilterContext]>({
    'compare(a, b, /)': (a: Value, b: Value) => compare(comparison, a, b),
  });
  return [name, compared!] as const;
});

const rest = (value: Value, by: Value) => {
  if (!isNumber(value)) return fail('TypeError', `unsupported operand type(s) for %: '${typeName(value)}'`);
  return calculate('%', value, by);
};

const isSequence = (value: Value) =>
  Array.isArray(value) ||
  textOf(value) !== undefined ||
  [Dict, Tuple, Range].some((type) => value instanceof type);

function isIterable(value: Value): boolean {
  if (Array.isArray(value) || textOf(value) !== undefined || value instanceof Generator) return true;
  return value instanceof PyObject && value.iterate() !== undefined;
}

/** Jinja's tests. */
export const TESTS = new Map([
  ...comparisons,
  ...defineAll<[FilterContext]>({
    'boolean(value)': (value: Value) => typeof value === 'boolean',
    'callable(obj, /)': isCallable,
    'defined(value)': (value: Value) => !(value instanceof Undefined),
    'divisibleby(value, num)': (value: Value, by: Value) => Number(rest(value, by)) === 0,
    'escaped(value)': (value: Value) => value instanceof Markup,
    'even(value)': (value: Value) => Number(rest(value, 2n)) === 0,
    'false(value)': (value: Value) => value === false,
    'filter(value)': (value: Value, { filterNames }: FilterContext) => filterNames.has(softText(value)),
    'float(value)': (value: Value) => typeof value === 'number',
    'integer(value)': (value: Value) => typeof value === 'bigint',
    'iterable(value)': isIterable,
    'lower(value)': (value: Value) => isOfCase(value, /\p{Ll}/u, /[\p{Lu}\p{Lt}]/u),
    'mapping(value)': (value: Value) => value instanceof Dict,
    'none(value)': (value: Value) => value === null,
    'number(value)': isNumber,
    'odd(value)': (value: Value) => Number(rest(value, 2n)) === 1,
    'sameas(value, other)': (value: Value, other: Value) => value === other,
    'sequence(value)': isSequence,
    'string(value)': (value: Value) => textOf(value) !== undefined,
    'test(value)': (value: Value, { testNames }: FilterContext) => testNames.has(softText(value)),
    'true(value)': (value: Value) => value === true,
    'undefined(value)': (value: Value) => value instanceof Undefined,
    'upper(value)': (value: Value) => isOfCase(value, /\p{Lu}/u, /[\p{Ll}\p{Lt}]/u),
  }),
]);

function isOfCase(value: Value, some: RegExp, none: RegExp): boolean {
  const text = softText(value);
  return some.test(text) && !none.test(text);
}
