import { spend } from './budget.js';
import { fail } from './errors.js';

/**
 * Python's values. Integers are `bigint` and floats `number`, so that `1` and `1.0` stay apart; lists are arrays;
 * everything else that Python has as an object is a `PyObject`.
 */
export type Value = null | boolean | bigint | number | string | Value[] | PyObject | Callable;
export type Kwargs = ReadonlyMap<string, Value>;
export type Callable = (args: readonly Value[], kwargs: Kwargs) => Value;

export const NO_KWARGS: Kwargs = new Map();

export abstract class PyObject {
  abstract readonly typeName: string;
  abstract repr(): string;

  str(): string {
    return this.repr();
  }
  isTrue(): boolean {
    return true;
  }
  /** Python's `getattr`: undefined where there is no such attribute. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }
  /** Python's `obj[key]`: undefined where there is none, or the object cannot be subscripted. */
  item(_key: Value): Value | undefined {
    return undefined;
  }
  iterate(): Iterable<Value> | undefined {
    return undefined;
  }
  length(): number | undefined {
    return undefined;
  }
  equals(other: Value): boolean {
    return this === other;
  }
}

/** What a name stands for that means nothing: prints as nothing, and complains when more is asked of it. */
export class Undefined extends PyObject {
  readonly typeName = 'Undefined';

  constructor(readonly complaint: string) {
    super();
  }
  repr() {
    return 'Undefined';
  }
  override str() {
    return '';
  }
  override isTrue() {
    return false;
  }
  override attribute(): never {
    return this.refuse();
  }
  override item(): never {
    return this.refuse();
  }
  override iterate() {
    return [];
  }
  override length() {
    return 0;
  }
  override equals(other: Value) {
    return other instanceof Undefined;
  }
  refuse(): never {
    return fail('UndefinedError', this.complaint);
  }
}

/** Text that needs no escaping any more. */
export class Markup extends PyObject {
  readonly typeName: string = 'Markup';

  constructor(readonly text: string) {
    super();
  }
  repr() {
    return `Markup(${reprText(this.text)})`;
  }
  override str() {
    return this.text;
  }
  override isTrue() {
    return this.text !== '';
  }
}

/** A member of an enumeration of texts, which is its text but for how it prints. */
export class EnumMember extends PyObject {
  readonly typeName: string;

  constructor(
    readonly className: string,
    readonly member: string,
    readonly value: string,
  ) {
    super();
    this.typeName = className;
  }
  repr() {
    return `<${this.className}.${this.member}: ${reprText(this.value)}>`;
  }
  override str() {
    return `${this.className}.${this.member}`;
  }
  override isTrue() {
    return this.value !== '';
  }
  override attribute(name: string) {
    if (name === 'value' || name === '_value_') return this.value;
    return name === 'name' || name === '_name_' ? this.member : undefined;
  }
}

/** The text of a value that Python counts as `str`: a text, markup, or a member of our enumerations. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  return value instanceof EnumMember ? value.value : undefined;
}

/** What cannot be reached again once it was passed, such as the result of `map`. */
export class Generator extends PyObject {
  readonly typeName = 'generator';
  private readonly items: Iterator<Value>;

  constructor(
    private readonly label: string,
    items: Iterable<Value>,
  ) {
    super();
    this.items = items[Symbol.iterator]();
  }
  repr() {
    return `<${this.label} object at 0x7f0000000000>`;
  }
  override iterate(): Iterable<Value> {
    // Without `return`: a loop that stops early leaves the rest to the next one.
    const self = { next: () => this.items.next(), [Symbol.iterator]: () => self };
    return self;
  }
}

export class Range extends PyObject {
  readonly typeName = 'range';

  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {
    super();
  }
  repr() {
    const step = this.step === 1n ? '' : `, ${this.step}`;
    return `range(${this.start}, ${this.stop}${step})`;
  }
  override length() {
    const { start, stop, step } = this;
    const span = step > 0n ? stop - start : start - stop;
    const width = step > 0n ? step : -step;
    return span <= 0n ? 0 : Number((span + width - 1n) / width);
  }
  override isTrue() {
    return this.length() > 0;
  }
  override *iterate() {
    const { start, stop, step } = this;
    for (let at = start; step > 0n ? at < stop : at > stop; at += step) yield at;
  }
  at(index: number): Value {
    return this.start + BigInt(index) * this.step;
  }
  override equals(other: Value) {
    const count = this.length();
    return (
      other instanceof Range &&
      other.length() === count &&
      (count === 0 || other.start === this.start) &&
      (count < 2 || other.step === this.step)
    );
  }
}

export class Uuid extends PyObject {
  readonly typeName = 'UUID';

  constructor(readonly text: string) {
    super();
  }
  repr() {
    return `UUID('${this.text}')`;
  }
  override str() {
    return this.text;
  }
  override attribute(name: string) {
    return name === 'hex' ? this.text.replaceAll('-', '') : undefined;
  }
  override equals(other: Value) {
    return other instanceof Uuid && other.text === this.text;
  }
}

/** Python's name of the type of `value`, as in its messages. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'str';
    case 'function':
      return 'function';
    default:
      if (value === null) return 'NoneType';
      return Array.isArray(value) ? 'list' : value.typeName;
  }
}

export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value instanceof PyObject ? value.isTrue() : Boolean(value);
}

/** What `for` goes through. Throws a `TypeError` for what cannot be iterated. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  const text = textOf(value);
  if (text !== undefined) return text;
  const items = value instanceof PyObject ? value.iterate() : undefined;
  return items ?? fail('TypeError', `'${typeName(value)}' object is not iterable`);
}

/** All of what `for` would go through, as a new array. */
export function collect(value: Value): Value[] {
  const items: Value[] = [];
  for (const item of iterate(value)) {
    spend(1);
    items.push(item);
  }
  return items;
}

/** Python's `len` of a text counts characters, not UTF-16 units. */
export function lengthOf(value: Value): number {
  if (Array.isArray(value)) return value.length;
  const text = textOf(value);
  if (text !== undefined) return textLength(text);
  const length = value instanceof PyObject ? value.length() : undefined;
  return length ?? fail('TypeError', `object of type '${typeName(value)}' has no len()`);
}

const SURROGATE = /[\ud800-\udfff]/;

/** Whether the characters of `text` are its UTF-16 units, as they mostly are. */
export const isPlain = (text: string): boolean => !SURROGATE.test(text);

export const textLength = (text: string): number => (isPlain(text) ? text.length : [...text].length);

/** `text` without its first `from` and from its character `to` on. */
export function sliceText(text: string, from: number, to: number): string {
  return isPlain(text) ? text.slice(from, to) : [...text].slice(from, to).join('');
}

const SHORT_ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Python's `repr` of a text: single quotes unless it holds only such, and nothing invisible. */
export function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\\p{C}\p{Z}]|'/gu, (char) => {
    if (char === ' ') return char;
    if (char === "'") return quote === "'" ? "\\'" : char;
    const short = SHORT_ESCAPES[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0)!.toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
  });
  return quote + body + quote;
}
