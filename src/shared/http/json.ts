import { parse as parseExactly, stringify as stringifyExactly } from 'lossless-json';
import { BadRequest, InvalidInput } from '../domain/errors.js';
import { findJsonFault } from './json-fault.js';

/** Deeper nesting than any request needs, and far from what recursive code can take. */
const MAX_DEPTH = 500;
/** More digits than any integer a request needs; reading them would be slow. */
const MAX_DIGITS = 4_300;

/**
 * Checks that a text is JSON. If not, throws `InvalidInput` at the offset of the fault, in the words of the predecessor.
 * @throws BadRequest for JSON that is nested too deeply
 */
export function requireJson(text: string): void {
  const fault = findJsonFault(text, MAX_DEPTH);
  if (fault === undefined) return;
  if (fault === 'too deep') throw new BadRequest('There was an error parsing the body');
  const issue = { loc: ['body', fault.at], msg: 'JSON decode error', type: 'json_invalid' };
  throw new InvalidInput([issue]);
}

/** Parses the JSON of a request, see `requireJson`. Integers that a `number` cannot hold for certain become `bigint`. */
export function parseJson(text: string): unknown {
  requireJson(text); // first, as half a tree would cost as much as a whole one
  return /\d{16}/.test(text)
    ? parseExactly(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue })
    : JSON.parse(text);
}

function parseNumber(text: string): number | bigint {
  if (!/^-?\d{16,}$/.test(text)) return Number(text);
  return text.length > MAX_DIGITS ? Number(text) : BigInt(text);
}

let writing = false;
let inexact = false;

// Elsewhere JSON.stringify goes on refusing a bigint; only `writeJson` lets it pass.
// oxlint-disable-next-line no-extend-native -- a replacer function would make lists a third slower to write
Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  value(this: bigint): number {
    if (!writing) throw new TypeError('Do not know how to serialize a BigInt');
    const number = Number(this);
    inexact ||= !Number.isSafeInteger(number);
    return number;
  },
});

/** JSON text of a response, with every `bigint` digit for digit. `undefined` is written as null. */
export function writeJson(value: unknown): string {
  writing = true;
  inexact = false;
  try {
    const text = JSON.stringify(value) ?? 'null';
    return inexact ? (stringifyExactly(value) ?? 'null') : text;
  } finally {
    writing = false;
  }
}
