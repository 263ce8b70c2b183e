import { spend } from './budget.js';
import { PyObject, textOf, type Value } from './values.js';

/** Python's `==`. */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (Array.isArray(a)) {
    spend(1);
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => equals(item, b[at]!));
  }
  return a instanceof PyObject && a.equals(b);
}

export const isNumber = (value: Value): value is bigint | number | boolean =>
  typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';

/** Exact between integers and floats; NaN (undefined) with nothing. */
export function compareNumbers(
  a: bigint | number | boolean,
  b: bigint | number | boolean,
): number | undefined {
  if (a < b) return -1;
  if (a > b) return 1;
  // eslint-disable-next-line eqeqeq -- of a bigint and a number only `==` compares the values
  return a == b ? 0 : undefined;
}

/** By code points, as Python orders texts. */
export function compareTexts(a: string, b: string): number {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [x, y] = [left.next(), right.next()];
    if (x.done || y.done) return Number(!x.done) - Number(!y.done);
    if (x.value !== y.value) return x.value.codePointAt(0)! - y.value.codePointAt(0)!;
  }
}
