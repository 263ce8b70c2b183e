import { parse, stringify } from 'lossless-json';
import type { JsonObject, JsonValue } from './types.js';

/** May match inside a string, too, which costs time only. */
const LONG_NUMBER = /(?:^|[\s:,[])-?\d{16}/;

/** Parses strict JSON. Integers beyond 2^53 come as `bigint`, so that they reach Xray digit for digit. */
export function parseJson(text: string): JsonValue {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as JsonValue;
  return parse(text, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue }) as JsonValue;
}

/** With every `bigint` digit for digit. Without any, both ways write the same. */
export function writeJson(value: JsonValue): string {
  try {
    return JSON.stringify(value) ?? 'null'; // refuses a bigint
  } catch {
    return stringify(value) ?? 'null';
  }
}

/** `value` itself when it is an object, else an empty one: Xray treats a missing object the same way. */
export function object(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text in `value`: one, several or none. */
export function texts(value: JsonValue | undefined): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function parseNumber(digits: string): number | bigint {
  const number = Number(digits);
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? BigInt(digits) : number;
}
