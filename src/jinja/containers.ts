import { fail } from './errors.js';
import { equals } from './equality.js';
import { listed, repr } from './text.js';
import { Generator, PyObject, textOf, type Value, typeName } from './values.js';

export class Tuple extends PyObject {
  readonly typeName = 'tuple';

  constructor(readonly items: Value[]) {
    super();
  }
  repr() {
    return `(${listed(this.items.map(repr))}${this.items.length === 1 ? ',' : ''})`;
  }
  override isTrue() {
    return this.items.length > 0;
  }
  override iterate() {
    return this.items;
  }
  override length() {
    return this.items.length;
  }
  override equals(other: Value) {
    return other instanceof Tuple && equals(this.items, other.items);
  }
}

/** What `groupby` gives. */
export class Group extends Tuple {
  override attribute(name: string) {
    if (name === 'grouper') return this.items[0];
    return name === 'list' ? this.items[1] : undefined;
  }
}

type Key = string | bigint | number | null | PyObject | ((...args: never[]) => unknown);

/** The same for values that are equal for a Python mapping. Throws for what cannot be a key. */
function keyOf(value: Value): Key {
  const text = textOf(value);
  if (text !== undefined) return text;
  if (typeof value === 'boolean') return BigInt(value);
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (value instanceof Tuple) return `\0tuple${value.items.map((item) => String(keyOf(item))).join('\0')}`;
  if (Array.isArray(value) || value instanceof Dict) {
    return fail('TypeError', `unhashable type: '${typeName(value)}'`);
  }
  return value instanceof PyObject && value.typeName === 'UUID' ? value.repr() : value;
}

export class Dict extends PyObject {
  readonly typeName = 'dict';
  private readonly members = new Map<Key, [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }
  get(key: Value): Value | undefined {
    return this.members.get(keyOf(key))?.[1];
  }
  has(key: Value): boolean {
    return this.members.has(keyOf(key));
  }
  set(key: Value, value: Value): void {
    const known = this.members.get(keyOf(key));
    if (known) known[1] = value;
    else this.members.set(keyOf(key), [key, value]);
  }
  delete(key: Value): void {
    this.members.delete(keyOf(key));
  }
  clear(): void {
    this.members.clear();
  }
  *keys(): Generator_<Value> {
    for (const [key] of this.members.values()) yield key;
  }
  *values(): Generator_<Value> {
    for (const [, value] of this.members.values()) yield value;
  }
  entries(): [Value, Value][] {
    return [...this.members.values()];
  }
  repr() {
    return `{${listed(this.entries().map(([key, value]) => `${repr(key)}: ${repr(value)}`))}}`;
  }
  override item(key: Value) {
    return this.get(key);
  }
  override isTrue() {
    return this.members.size > 0;
  }
  override iterate() {
    return this.keys();
  }
  override length() {
    return this.members.size;
  }
  override equals(other: Value) {
    if (!(other instanceof Dict) || other.length() !== this.length()) return false;
    return this.entries().every(([key, value]) => other.has(key) && equals(value, other.get(key)!));
  }
}

type Generator_<T> = globalThis.Generator<T>;

/** What `.keys()`, `.values()` and `.items()` give: it follows the mapping. */
export class DictView extends PyObject {
  readonly typeName: string;

  constructor(
    private readonly kind: 'keys' | 'values' | 'items',
    readonly of: Dict,
  ) {
    super();
    this.typeName = `dict_${kind}`;
  }
  repr() {
    return `${this.typeName}(${repr([...this.iterate()])})`;
  }
  override isTrue() {
    return this.of.isTrue();
  }
  override length() {
    return this.of.length();
  }
  override *iterate(): Generator_<Value> {
    if (this.kind === 'keys') yield* this.of.keys();
    else if (this.kind === 'values') yield* this.of.values();
    else for (const [key, value] of this.of.entries()) yield new Tuple([key, value]);
  }
  override equals(other: Value) {
    return other instanceof DictView && equals([...this.iterate()], [...other.iterate()]);
  }
}

/** The items of a list or tuple. */
export function sequence(value: Value): Value[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : undefined;
}

export const generator = (label: string, items: Iterable<Value>): Generator => new Generator(label, items);
