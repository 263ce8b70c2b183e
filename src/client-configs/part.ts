import type { JsonObject, JsonValue } from '../xray/config/index.js';

/** The object that `settings` has as `key`, else another one. */
export function part(settings: JsonObject, key: string, otherwise: JsonObject = {}): JsonObject {
  const value = settings[key];
  return isObject(value) ? value : otherwise;
}

/** The objects in the list that `settings` has as `key`; an operator may have written anything there. */
export function parts(settings: JsonObject, key: string): JsonObject[] {
  const value = settings[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The texts that the objects in a list have as `key`. */
export function namesIn(list: readonly JsonObject[], key: string): string[] {
  return list.map((item) => item[key]).filter((name) => typeof name === 'string');
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
