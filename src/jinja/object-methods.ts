import { spend } from './budget.js';
import { Dict, DictView, sequence, Tuple } from './containers.js';
import { DateTime, TimeDelta } from './datetime.js';
import { equals } from './equality.js';
import { fail } from './errors.js';
import { compare, orderOf } from './operators.js';
import { wantIndex } from './subscript.js';
import { type Defined, defineAll } from './signature.js';
import { dateTime, formatTime, isoWeek, parseTime } from './strftime.js';
import { repr, wantText } from './text.js';
import { Model } from './model.js';
import { type Callable, collect, isTrue, type Value } from './values.js';

type Call = (value: Callable, args: Value[]) => Value;

/** Sorts as Python does: stable, also backwards. Throws a `TypeError` for what has no order. */
export function sorted(items: readonly Value[], key: (item: Value) => Value, reverse: boolean): Value[] {
  spend(items.length * Math.ceil(Math.log2(items.length + 1)));
  const keyed = items.map((item) => ({ item, key: key(item) }));
  const direction = reverse ? -1 : 1;
  keyed.sort((a, b) => direction * (compare('<', a.key, b.key) ? -1 : orderOf(b.key, a.key)! < 0 ? 1 : 0));
  return keyed.map(({ item }) => item);
}

const position = (items: readonly Value[], value: Value, what: string): number => {
  const at = items.findIndex((item) => equals(item, value));
  return at === -1 ? fail('ValueError', what) : at;
};

const READING = {
  'count(value, /)': (value: Value, self: Value) =>
    BigInt(sequence(self)!.filter((item) => equals(item, value)).length),
  'index(value, /)': (value: Value, self: Value) =>
    BigInt(position(sequence(self)!, value, `${repr(value)} is not in list`)),
};

const LIST: Map<string, Defined<[Value[], Call]>> = defineAll({
  ...READING,
  'append(object, /)': (item: Value, self: Value[]) => {
    self.push(item);
    return null;
  },
  'clear()': (self: Value[]) => {
    self.length = 0;
    return null;
  },
  'copy()': (self: Value[]) => [...self],
  'extend(iterable, /)': (more: Value, self: Value[]) => {
    self.push(...collect(more));
    return null;
  },
  'insert(index, object, /)': (index: Value, item: Value, self: Value[]) => {
    self.splice(wantIndex(index), 0, item);
    return null;
  },
  'pop(index=-1, /)': (index: Value, self: Value[]) => {
    const at = wantIndex(index) < 0 ? wantIndex(index) + self.length : wantIndex(index);
    if (at < 0 || at >= self.length) fail('IndexError', 'pop index out of range');
    return self.splice(at, 1)[0]!;
  },
  'remove(value, /)': (value: Value, self: Value[]) => {
    self.splice(position(self, value, 'list.remove(x): x not in list'), 1);
    return null;
  },
  'reverse()': (self: Value[]) => {
    self.reverse();
    return null;
  },
  'sort(key=None, reverse=False)': (key: Value, reverse: Value, self: Value[], call: Call) => {
    const by = typeof key === 'function' ? (item: Value) => call(key, [item]) : (item: Value) => item;
    self.splice(0, self.length, ...sorted(self, by, isTrue(reverse)));
    return null;
  },
});

const TUPLE: Map<string, Defined<[Value, Call]>> = defineAll(READING);

/** The pairs that `dict(x)` and `update` take. */
export function pairsOf(value: Value): [Value, Value][] {
  if (value instanceof Dict) return value.entries();
  return collect(value).map((item) => {
    const [key, member, ...more] = collect(item);
    if (key === undefined || member === undefined || more.length > 0) {
      return fail('ValueError', 'dictionary update sequence element has the wrong length; 2 is required');
    }
    return [key, member];
  });
}

const DICT: Map<string, Defined<[Dict, Call]>> = defineAll({
  'clear()': (self: Dict) => {
    self.clear();
    return null;
  },
  'copy()': (self: Dict) => new Dict(self.entries()),
  'fromkeys(iterable, value=None, /)': (keys: Value, value: Value) =>
    new Dict(collect(keys).map((key) => [key, value])),
  'get(key, default=None, /)': (key: Value, byDefault: Value, self: Dict) => {
    const value = self.get(key);
    return value === undefined ? byDefault : value;
  },
  'items()': (self: Dict) => new DictView('items', self),
  'keys()': (self: Dict) => new DictView('keys', self),
  'values()': (self: Dict) => new DictView('values', self),
  'pop(key, *default)': (key: Value, byDefault: Value[], self: Dict) => {
    const value = self.has(key) ? self.get(key) : byDefault[0];
    if (value === undefined) return fail('KeyError', repr(key));
    self.delete(key);
    return value;
  },
  'popitem()': (self: Dict) => {
    const last = self.entries().at(-1) ?? fail('KeyError', "'popitem(): dictionary is empty'");
    self.delete(last[0]);
    return new Tuple([...last]);
  },
  'setdefault(key, default=None, /)': (key: Value, byDefault: Value, self: Dict) => {
    if (!self.has(key)) self.set(key, byDefault);
    return self.get(key)!;
  },
  'update(*others, **kwargs)': (others: Value[], kwargs: Dict, self: Dict) => {
    for (const [key, value] of [...others.flatMap(pairsOf), ...kwargs.entries()]) self.set(key, value);
    return null;
  },
});

const seconds = (delta: TimeDelta) => Number(delta.micros) / 1e6;

const DELTA: Map<string, Defined<[TimeDelta, Call]>> = defineAll({
  'total_seconds()': (self: TimeDelta) => seconds(self),
});

const PARTS: Record<string, (at: DateTime) => number> = {
  year: ({ date }) => date.getUTCFullYear(),
  month: ({ date }) => date.getUTCMonth() + 1,
  day: ({ date }) => date.getUTCDate(),
  hour: ({ date }) => date.getUTCHours(),
  minute: ({ date }) => date.getUTCMinutes(),
  second: ({ date }) => date.getUTCSeconds(),
  microsecond: ({ microsecond }) => microsecond,
};

const TIME: Map<string, Defined<[DateTime, Call]>> = defineAll({
  'strftime(format)': (format: Value, self: DateTime) => formatTime(self, wantText(format)),
  "isoformat(sep='T', timespec='auto')": (separator: Value, _precision: Value, self: DateTime) =>
    self.isoFormat(wantText(separator)),
  'timestamp()': (self: DateTime) => Number(self.micros) / 1e6,
  'date()': (self: DateTime) => self.onlyDate(),
  'weekday()': ({ date }: DateTime) => BigInt((date.getUTCDay() + 6) % 7),
  'isoweekday()': ({ date }: DateTime) => BigInt(date.getUTCDay() || 7),
  'isocalendar()': ({ date }: DateTime) => {
    const { year, week, day } = isoWeek(date);
    return new Tuple([year, week, day].map(BigInt));
  },
  'toordinal()': (self: DateTime) => self.onlyDate().micros / 86_400_000_000n + 719_163n,
  'replace(year=None, month=None, day=None, hour=None, minute=None, second=None, microsecond=None, tzinfo=None)':
    (...given: unknown[]) => {
      const self = given[8] as DateTime;
      const parts = Object.keys(PARTS).map((name, at) => {
        const value = given[at] as Value;
        return [name, value === null ? PARTS[name]!(self) : wantIndex(value)];
      });
      return dateTime(Object.fromEntries(parts) as Parameters<typeof dateTime>[0], self.isDate);
    },
  // Methods of the class, which Python also finds at its instances.
  'fromtimestamp(timestamp, tz=None)': (timestamp: Value) => fromTimestamp(timestamp),
  'utcfromtimestamp(timestamp, /)': (timestamp: Value) => fromTimestamp(timestamp),
  'fromisoformat(text, /)': (text: Value) => fromIso(wantText(text)),
  'strptime(text, format, /)': (text: Value, format: Value) => parseTime(wantText(text), wantText(format)),
});

function fromTimestamp(timestamp: Value): DateTime {
  if (typeof timestamp === 'number' || typeof timestamp === 'bigint' || typeof timestamp === 'boolean') {
    return DateTime.fromSeconds(Number(timestamp));
  }
  return fail('TypeError', 'an integer is required');
}

function fromIso(text: string): DateTime {
  const found = /^(\d{4}-\d\d-\d\d)(?:.(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?$/.exec(text);
  if (!found) return fail('ValueError', `Invalid isoformat string: ${repr(text)}`);
  const [, day, time = '00:00', second = '00', fraction = '0'] = found;
  return parseTime(`${day} ${time}:${second}.${fraction}`, '%Y-%m-%d %H:%M:%S.%f');
}

/** The method or attribute `name` of a list, tuple, mapping or time. */
export function objectMethod(value: Value, name: string, call: Call): Value | undefined {
  const bound = <Self>(table: Map<string, Defined<[Self, Call]>>, self: Self): Value | undefined => {
    const method = table.get(name);
    return method && ((args, kwargs) => method(args, kwargs, self, call));
  };
  if (Array.isArray(value)) return bound(LIST, value);
  if (value instanceof Tuple) return bound(TUPLE, value as Value);
  if (value instanceof Dict) return bound(DICT, value);
  if (value instanceof DateTime) {
    const part = PARTS[name];
    return part ? BigInt(part(value)) : bound(TIME, value);
  }
  if (value instanceof TimeDelta) {
    if (name === 'days' || name === 'seconds' || name === 'microseconds') return value[name];
    return bound(DELTA, value);
  }
  if (value instanceof Model && (name === 'dict' || name === 'model_dump')) return () => asDict(value);
  if (typeof value === 'bigint' && name === 'bit_length')
    return () => BigInt(value === 0n ? 0 : value.toString(2).replace('-', '').length);
  if (typeof value === 'number' && name === 'is_integer') return () => Number.isInteger(value);
  return undefined;
}

function asDict(value: Value): Value {
  if (value instanceof Model)
    return new Dict([...value.fields].map(([key, member]) => [key, asDict(member)]));
  if (value instanceof Dict) return new Dict(value.entries().map(([key, member]) => [key, asDict(member)]));
  return Array.isArray(value) ? value.map(asDict) : value;
}
