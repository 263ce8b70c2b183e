import { spend } from './budget.js';
import { Dict, DictView, sequence, Tuple } from './containers.js';
import { fail } from './errors.js';
import { collect, Markup, Range, sliceText, textOf, Undefined, type Value, typeName } from './values.js';

/** Python's `[start:stop:step]`. */
export class Slice {
  constructor(
    readonly start: Value,
    readonly stop: Value,
    readonly step: Value,
  ) {}

  /** The indexes in a sequence of this length, as Python takes them. */
  private bounds(length: number): { start: number; stop: number; step: number } {
    const step = this.step === null ? 1 : wantIndex(this.step);
    if (step === 0) fail('ValueError', 'slice step cannot be zero');
    const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
    const within = (value: Value, byDefault: number) => {
      if (value === null) return byDefault;
      const index = wantIndex(value);
      return Math.min(highest, Math.max(lowest, index < 0 ? index + length : index));
    };
    return step > 0
      ? { start: within(this.start, 0), stop: within(this.stop, length), step }
      : { start: within(this.start, length - 1), stop: within(this.stop, -1), step };
  }

  of(value: Value): Value | undefined {
    const text = textOf(value);
    if (text !== undefined) {
      if (this.step === null || this.step === 1n) {
        const { start, stop } = this.bounds([...text].length);
        return like(value, sliceText(text, start, Math.max(start, stop)));
      }
      return like(value, this.pick([...text]).join(''));
    }
    if (value instanceof Range) return this.pick(collect(value));
    const items = sequence(value);
    if (!items) return undefined;
    const picked = this.pick(items);
    return Array.isArray(value) ? picked : new Tuple(picked);
  }

  private pick<T>(items: readonly T[]): T[] {
    const { start, stop, step } = this.bounds(items.length);
    const picked: T[] = [];
    for (let at = start; step > 0 ? at < stop : at > stop; at += step) picked.push(items[at]!);
    spend(picked.length);
    return picked;
  }
}

const like = (value: Value, text: string): Value => (value instanceof Markup ? new Markup(text) : text);

/** A whole number within what indexes can be. Throws a `TypeError` for anything else. */
export function wantIndex(value: Value): number {
  if (typeof value === 'bigint')
    return Number(BigInt.asIntN(54, value) === value ? value : value > 0n ? 2n ** 52n : -(2n ** 52n));
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof Undefined) return value.refuse();
  return fail('TypeError', `'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** Python's `value[key]`; undefined where there is no such item. */
export function itemOf(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return value.get(key);
  if (typeof key === 'bigint' || typeof key === 'boolean') {
    const index = wantIndex(key);
    const items = sequence(value);
    if (items) return items.at(index);
    if (value instanceof Range) {
      const at = index < 0 ? index + value.length() : index;
      return at >= 0 && at < value.length() ? value.at(at) : undefined;
    }
    const text = textOf(value);
    if (text !== undefined) {
      const char = [...text].at(index);
      return char === undefined ? undefined : like(value, char);
    }
  }
  return value instanceof DictView || value === null || typeof value !== 'object' || Array.isArray(value)
    ? undefined
    : value.item(key);
}
