import type { Type } from '@nestjs/common';

/** One field of a class that is read from a request. */
export interface Field {
  name: string;
  required: boolean;
  /** A query parameter that may be repeated; of others the last value counts. */
  repeated: boolean;
  /** What an absent field becomes. */
  default: unknown;
}

const FIELDS = Symbol('fields');

/** Declares a field, or adds to what is declared already. */
export function registerField(part: Partial<Omit<Field, 'name'>>) {
  return (target: object, key: string | symbol): void => {
    const own: Map<string, Field> = Reflect.getOwnMetadata(FIELDS, target) ?? new Map();
    own.set(String(key), { ...own.get(String(key)), ...part, name: String(key) } as Field);
    Reflect.defineMetadata(FIELDS, own, target);
  };
}

const known = new WeakMap<Type<object>, readonly Field[]>();

/** The fields of a class in the order of their declaration, those of its parents first. */
export function fieldsOf(type: Type<object>): readonly Field[] {
  const cached = known.get(type);
  if (cached) return cached;
  const all = new Map<string, Field>();
  const chain: object[] = [];
  for (
    let at = type.prototype as object;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    chain.unshift(at);
  }
  for (const prototype of chain) {
    const own: Map<string, Field> | undefined = Reflect.getOwnMetadata(FIELDS, prototype);
    own?.forEach((field, name) => all.set(name, field));
  }
  const fields = [...all.values()];
  known.set(type, fields);
  return fields;
}
