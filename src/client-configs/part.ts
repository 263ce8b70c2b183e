import type { JsonObject } from '../xray/config/index.js';

/** The object that `settings` has as `key`, else another one. */
export function part(settings: JsonObject, key: string, otherwise: JsonObject = {}): JsonObject {
  const value = settings[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : otherwise;
}
