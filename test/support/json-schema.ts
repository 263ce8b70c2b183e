import { type ApiDocument, referredName, type Schema } from './api-document.js';

/** The schema behind a reference. */
export function resolved(document: ApiDocument, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...rest } = schema;
  const target = document.components.schemas[referredName($ref)];
  if (!target) throw new Error(`The document refers to nothing: ${$ref}`);
  return { ...resolved(document, target), ...rest };
}

/** Where a value is not what the schema says; empty when it is. Further properties of an object are no matter. */
export function violations(document: ApiDocument, schema: Schema, value: unknown, at = 'value'): string[] {
  const {
    anyOf,
    type,
    enum: values,
    properties = {},
    required = [],
    items,
    ...rest
  } = resolved(document, schema);
  const { additionalProperties: more, propertyNames: names } = rest;
  if (anyOf) {
    const tries = anyOf.map((alternative) => violations(document, alternative, value, at));
    return tries.some((found) => found.length === 0) ? [] : tries.flat();
  }
  if (type !== undefined && !isOfType(type, value))
    return [`${at} should be ${type}, is ${JSON.stringify(value)}`];
  if (values && !values.includes(value as string))
    return [`${at} should be of ${values}, is ${String(value)}`];
  if (Array.isArray(value)) {
    return items ? value.flatMap((item, i) => violations(document, items, item, `${at}[${i}]`)) : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, part]) => {
    const own = Object.hasOwn(properties, name)
      ? properties[name]
      : typeof more === 'object'
        ? more
        : undefined;
    return [
      ...(names ? violations(document, names, name, `the key ${name} of ${at}`) : []),
      ...(own ? violations(document, own, part, `${at}.${name}`) : []),
    ];
  });
  return [...missing, ...wrong];
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
