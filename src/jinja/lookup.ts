import {
  NO_KWARGS,
  type Callable,
  type Kwargs,
  PyObject,
  textOf,
  typeName,
  Undefined,
  type Value,
} from './values.js';
import { fail } from './errors.js';
import { itemOf } from './subscript.js';
import { objectMethod } from './object-methods.js';
import { repr } from './text.js';
import { textMethod } from './text-methods.js';

/** Python's call of `value`. */
export function call(value: Value, args: readonly Value[] = [], kwargs: Kwargs = NO_KWARGS): Value {
  return callable(value)(args, kwargs);
}

function callable(value: Value): Callable {
  if (typeof value === 'function') return value;
  const method = value instanceof PyObject ? value.attribute('__call__') : undefined;
  return typeof method === 'function'
    ? method
    : fail('TypeError', `'${typeName(value)}' object is not callable`);
}

export const isCallable = (value: Value): boolean =>
  typeof value === 'function' ||
  (value instanceof PyObject && !(value instanceof Undefined) && value.attribute('__call__') !== undefined);

/** Python's `getattr`: undefined where there is none. */
function attributeOf(value: Value, name: string): Value | undefined {
  const own = value instanceof PyObject ? value.attribute(name) : undefined;
  if (own !== undefined) return own;
  return textOf(value) === undefined
    ? objectMethod(value, name, (key, args) => call(key, args))
    : textMethod(value, name, { attribute: getAttribute, item: getItem });
}

/** `value.name` in a template: an attribute, else an item. */
export function getAttribute(value: Value, name: string): Value {
  const attribute = attributeOf(value, name);
  if (attribute !== undefined) return attribute;
  const item = itemOf(value, name);
  return item === undefined ? missing(value, name) : item;
}

/** `value[key]` in a template: an item, else an attribute. */
export function getItem(value: Value, key: Value): Value {
  const item = itemOf(value, key);
  if (item !== undefined) return item;
  const name = textOf(key);
  const attribute = name === undefined ? undefined : attributeOf(value, name);
  return attribute === undefined ? missing(value, key) : attribute;
}

function missing(value: Value, key: Value): Undefined {
  const owner = value === null ? 'None' : `${typeName(value)} object`;
  const what = typeof key === 'string' ? 'attribute' : 'element';
  return new Undefined(`'${owner}' has no ${what} ${repr(key)}`);
}

/** Looks up a path such as `address.city.0`, as filters take it. */
export function getter(path: Value, byDefault: Value = null): (item: Value) => Value {
  const text = path === null ? undefined : textOf(path);
  const parts: Value[] =
    text === undefined
      ? path === null
        ? []
        : [path]
      : text.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = getItem(value, part);
      if (byDefault !== null && value instanceof Undefined) value = byDefault;
    }
    return value;
  };
}
