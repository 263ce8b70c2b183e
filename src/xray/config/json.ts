import { parse, stringify } from 'lossless-json';
import { InvalidCoreConfig } from './errors.js';
import type { JsonObject, JsonValue } from './types.js';

/** Far above any config, far below what recursion over the value can take. */
const MAX_DEPTH = 200;

const BLANK = /\s+|#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\//y;
const WORD = /[^\s"#/,:[\]{}]+|\//y;

/**
 * JSON as people write configs (`#`, `//` and block comments, trailing commas) as strict JSON without blanks.
 * Numbers, strings and the order of keys are copied letter by letter. Anything else that is wrong stays wrong.
 */
export function toStrictJson(text: string): string {
  const parts: string[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let depth = 0;
  while (at < text.length) {
    const blank = match(BLANK, text, at);
    if (blank > at) {
      if (isWord(parts.at(-1))) parts.push(' '); // two words do not become one
      at = blank;
      continue;
    }
    const end = tokenEnd(text, at);
    const token = text.slice(at, end);
    at = end;
    if (parts.at(-1) === ' ' && !isWord(token)) parts.pop();
    if (token === '[' || token === '{') {
      if (++depth > MAX_DEPTH) throw new InvalidCoreConfig('config is nested too deeply');
    } else if (token === ']' || token === '}') {
      depth--;
      if (parts.at(-1) === ',' && !['[', '{', ','].includes(parts.at(-2) ?? ',')) parts.pop();
    }
    parts.push(token);
  }
  return parts.join('').trimEnd();
}

/** Parses strict JSON. Integers beyond 2^53 come as `bigint`, so that they reach Xray digit for digit. */
export function parseJson(text: string): JsonValue {
  if (!/\d{16}/.test(text)) return JSON.parse(text) as JsonValue;
  return parse(text, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue }) as JsonValue;
}

export function writeJson(value: JsonValue): string {
  return stringify(value) ?? 'null';
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

function tokenEnd(source: string, start: number): number {
  if (source[start] !== '"') return Math.max(match(WORD, source, start), start + 1);
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '"') return at + 1;
  }
  return source.length;
}

function match(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

/** Strings count as words too: `"a" "b"` is as wrong as `1 2`, with or without the blank. */
function isWord(token: string | undefined): boolean {
  return token !== undefined && !/^[[\]{},: ]$/.test(token);
}
