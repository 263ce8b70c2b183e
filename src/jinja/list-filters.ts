import { spend, spendOnText } from './budget.js';
import { Dict, DictView, Group, Tuple } from './containers.js';
import { equals } from './equality.js';
import { fail } from './errors.js';
import { getAttribute, getter } from './lookup.js';
import { sorted } from './object-methods.js';
import { calculate, orderOf } from './operators.js';
import { itemOf, wantIndex } from './subscript.js';
import type { FilterContext } from './runtime.js';
import { defineAll } from './signature.js';
import { escaped, softText, str } from './text.js';
import {
  collect,
  Generator,
  isTrue,
  iterate,
  type Kwargs,
  lengthOf,
  Markup,
  NO_KWARGS,
  textOf,
  type Value,
  typeName,
  Undefined,
} from './values.js';

type Key = (item: Value) => Value;

/** Texts without their case, as Jinja compares them by default. */
const caseless = (value: Value): Value => textOf(value)?.toLowerCase() ?? value;

function keyOf(attribute: Value, caseSensitive: Value): Key {
  const get = getter(attribute);
  return isTrue(caseSensitive) ? get : (item) => caseless(get(item));
}

/** The key of `sort`, whose attribute may be several between commas. */
function sortKey(attribute: Value, caseSensitive: Value): Key {
  const keys = (textOf(attribute)?.split(',') ?? [attribute]).map((part) => keyOf(part, caseSensitive));
  return keys.length === 1 ? keys[0]! : (item) => keys.map((key) => key(item));
}

function* batch(value: Value, size: Value, filler: Value): Iterable<Value> {
  const count = wantIndex(size);
  let row: Value[] = [];
  for (const item of iterate(value)) {
    spend(1);
    if (row.length === count) {
      yield row;
      row = [];
    }
    row.push(item);
  }
  if (row.length === 0) return;
  const missing = filler === null ? 0 : Math.max(0, count - row.length);
  spend(missing);
  yield [...row, ...Array<Value>(missing).fill(filler)];
}

function* slices(value: Value, size: Value, filler: Value): Iterable<Value> {
  const items = collect(value);
  const count = wantIndex(size);
  if (count === 0) fail('ZeroDivisionError', 'integer division or modulo by zero');
  const [each, longer] = [Math.floor(items.length / count), items.length % count];
  let at = 0;
  for (let i = 0; i < count; i++) {
    spend(1);
    const row = items.slice(at, (at += each + (i < longer ? 1 : 0)));
    if (filler !== null && i >= longer) row.push(filler);
    yield row;
  }
}

function* unique(value: Value, key: Key): Iterable<Value> {
  const seen = new Dict();
  for (const item of iterate(value)) {
    spend(1);
    const mark = key(item);
    if (seen.has(mark)) continue;
    seen.set(mark, null);
    yield item;
  }
}

function best(value: Value, key: Key, sign: 1 | -1): Value {
  const items = collect(value);
  if (items.length === 0) return new Undefined('No aggregated item, sequence was empty.');
  return items.reduce((known, item) => ((orderOf(key(item), key(known)) ?? 0) * sign < 0 ? item : known));
}

function groupBy(value: Value, attribute: Value, byDefault: Value, caseSensitive: Value): Value {
  const real = getter(attribute, byDefault);
  const key: Key = isTrue(caseSensitive) ? real : (item) => caseless(real(item));
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sorted(collect(value), key, false)) {
    const last = groups.at(-1);
    if (last && equals(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), items: [item] });
  }
  return groups.map(({ items }) => new Group([real(items[0]!), items]));
}

function map(value: Value, args: Value[], kwargs: Dict, context: FilterContext): Value {
  let change: Key;
  const [name, ...rest] = args;
  if (name === undefined) {
    if (!kwargs.has('attribute')) return fail('TypeError', 'map requires a filter argument');
    const odd = [...kwargs.keys()].find((key) => key !== 'attribute' && key !== 'default');
    if (odd !== undefined) fail('TypeError', `Unexpected keyword argument '${str(odd)}'`);
    change = getter(kwargs.get('attribute')!, kwargs.get('default') ?? null);
  } else {
    const named = toKwargs(kwargs);
    change = (item) => context.filter(softText(name), [item, ...rest], named);
  }
  return new Generator('generator', mapped(value, change));
}

function* mapped(value: Value, change: Key): Iterable<Value> {
  if (!isTrue(value)) return;
  for (const item of iterate(value)) {
    spend(1);
    yield change(item);
  }
}

const toKwargs = (kwargs: Dict): Kwargs =>
  kwargs.isTrue() ? new Map(kwargs.entries().map(([key, value]) => [str(key), value])) : NO_KWARGS;

/** `select`, `reject` and those that look at an attribute. */
function selection(isWanted: boolean, byAttribute: boolean) {
  return (value: Value, args: Value[], kwargs: Dict, context: FilterContext): Value => {
    const given = [...args];
    const attribute = byAttribute ? given.shift() : null;
    if (attribute === undefined) return fail('TypeError', 'Missing parameter for attribute name');
    const [test, ...rest] = given;
    const [get, named] = [getter(attribute), toKwargs(kwargs)];
    const holds = (item: Value) =>
      test === undefined ? isTrue(get(item)) : context.test(softText(test), [get(item), ...rest], named);
    return new Generator(
      'generator',
      selected(value, (item) => holds(item) === isWanted),
    );
  };
}

function* selected(value: Value, isWanted: (item: Value) => boolean): Iterable<Value> {
  if (!isTrue(value)) return;
  for (const item of iterate(value)) {
    spend(1);
    if (isWanted(item)) yield item;
  }
}

function join(value: Value, separator: Value, attribute: Value, { autoescape }: FilterContext): Value {
  const items = collect(value);
  const parts = attribute === null ? items : items.map(getter(attribute));
  const isMarkup =
    autoescape && (separator instanceof Markup || parts.some((part) => part instanceof Markup));
  const texts = parts.map(isMarkup ? escaped : str);
  const glue = isMarkup ? escaped(separator) : str(separator);
  spendOnText(texts.reduce((sum, text) => sum + text.length + glue.length, 0));
  return isMarkup ? new Markup(texts.join(glue)) : texts.join(glue);
}

/** Throws a `TypeError` for what has no order of its own. */
function backwards(value: Value): Value[] {
  if (value instanceof Generator) return fail('TypeError', `'generator' object is not reversible`);
  return collect(value).reverse();
}

const length = (value: Value) => BigInt(lengthOf(value));

/** Floats are added without losing the small ones, as Python does since 3.12. */
function total(values: Value[], start: Value): Value {
  let sum = start;
  let lost = 0;
  for (const value of values) {
    if (typeof value === 'number' && typeof sum === 'number') {
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    } else {
      sum = calculate('+', sum, value);
    }
  }
  return typeof sum === 'number' && lost !== 0 && Number.isFinite(lost) ? sum + lost : sum;
}

/** Jinja's filters on what has members. */
export const LIST_FILTERS = defineAll<[FilterContext]>({
  'attr(obj, name)': (value: Value, name: Value) => {
    const text = textOf(name) ?? str(name);
    // An item of that name is no attribute.
    if (value instanceof Dict && value.has(text))
      return new Undefined(`'dict object' has no attribute '${text}'`);
    return getAttribute(value, text);
  },
  'batch(value, linecount, fill_with=None)': (value: Value, size: Value, filler: Value) =>
    new Generator('generator', batch(value, size, filler)),
  'count(obj, /)': length,
  'length(obj, /)': length,
  "d(value, default_value='', boolean=False)": orDefault,
  "default(value, default_value='', boolean=False)": orDefault,
  "dictsort(value, case_sensitive=False, by='key', reverse=False)": (
    value: Value,
    caseSensitive: Value,
    by: Value,
    reverse: Value,
  ) => {
    const at = ['key', 'value'].indexOf(textOf(by) ?? '');
    if (at === -1) return fail('TypeError', 'You can only sort by either "key" or "value"');
    if (!(value instanceof Dict))
      return fail('AttributeError', `'${typeName(value)}' has no attribute 'items'`);
    const pairs = value.entries().map((pair) => new Tuple([...pair]));
    return sorted(pairs, keyOf(BigInt(at), caseSensitive), isTrue(reverse));
  },
  'first(seq)': (value: Value) => {
    for (const item of iterate(value)) return item;
    return new Undefined('No first item, sequence was empty.');
  },
  'last(seq)': (value: Value) => {
    const items = backwards(value);
    return items.length > 0 ? items[0]! : new Undefined('No last item, sequence was empty.');
  },
  'groupby(value, attribute, default=None, case_sensitive=False)': groupBy,
  'items(value)': (value: Value) => {
    if (value instanceof Undefined) return new Generator('generator', []);
    if (!(value instanceof Dict)) return fail('TypeError', 'Can only get item pairs from a mapping.');
    return new Generator('generator', new DictView('items', value).iterate());
  },
  "join(value, d='', attribute=None)": join,
  'list(value)': collect,
  'map(value, *args, **kwargs)': map,
  'max(value, case_sensitive=False, attribute=None)': (
    value: Value,
    caseSensitive: Value,
    attribute: Value,
  ) => best(value, keyOf(attribute, caseSensitive), -1),
  'min(value, case_sensitive=False, attribute=None)': (
    value: Value,
    caseSensitive: Value,
    attribute: Value,
  ) => best(value, keyOf(attribute, caseSensitive), 1),
  'random(seq)': (value: Value) => {
    const count = lengthOf(value);
    if (count === 0) return new Undefined('No random item, sequence was empty.');
    const at = BigInt(Math.floor(Math.random() * count));
    return itemOf(value, at) ?? fail('KeyError', str(at));
  },
  'reject(value, *args, **kwargs)': selection(false, false),
  'rejectattr(value, *args, **kwargs)': selection(false, true),
  'reverse(value)': (value: Value) => {
    const text = textOf(value);
    if (text !== undefined) return [...text].reverse().join('');
    return new Generator(Array.isArray(value) ? 'list_reverseiterator' : 'reversed', backwards(value));
  },
  'select(value, *args, **kwargs)': selection(true, false),
  'selectattr(value, *args, **kwargs)': selection(true, true),
  'slice(value, slices, fill_with=None)': (value: Value, size: Value, filler: Value) =>
    new Generator('generator', slices(value, size, filler)),
  'sort(value, reverse=False, case_sensitive=False, attribute=None)': (
    value: Value,
    reverse: Value,
    caseSensitive: Value,
    attribute: Value,
  ) => sorted(collect(value), sortKey(attribute, caseSensitive), isTrue(reverse)),
  'sum(iterable, attribute=None, start=0)': (value: Value, attribute: Value, start: Value) => {
    if (textOf(start) !== undefined)
      return fail('TypeError', "sum() can't sum strings [use ''.join(seq) instead]");
    return total(collect(value).map(getter(attribute)), start);
  },
  'unique(value, case_sensitive=False, attribute=None)': (
    value: Value,
    caseSensitive: Value,
    attribute: Value,
  ) => new Generator('generator', unique(value, keyOf(attribute, caseSensitive))),
});

function orDefault(value: Value, byDefault: Value, boolean: Value): Value {
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? byDefault : value;
}
