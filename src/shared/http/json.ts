import { parseTree, type ParseError } from 'jsonc-parser';
import { parse as parseExactly, stringify as stringifyExactly } from 'lossless-json';
import { BadRequest, InvalidInput } from '../domain/errors.js';

/** Deeper nesting than any request needs, and far from what recursive code can take. */
const MAX_DEPTH = 500;
/** More digits than any integer a request needs; reading them would be slow. */
const MAX_DIGITS = 4_300;

/**
 * Parses the JSON of a request. Integers that a `number` cannot hold for certain become `bigint`. Broken JSON throws
 * `InvalidInput` at the offset of the fault, in the words of the predecessor.
 */
export function parseJson(text: string): unknown {
  try {
    // Also refuses what the exact parser may be more lenient about.
    const value: unknown = JSON.parse(text);
    if (isTooDeep(text)) throw new BadRequest('There was an error parsing the body');
    return /\d{16}/.test(text)
      ? parseExactly(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue })
      : value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const issue = { loc: ['body', faultIn(text)], msg: 'JSON decode error', type: 'json_invalid' };
    throw new InvalidInput([issue]);
  }
}

function parseNumber(text: string): number | bigint {
  if (!/^-?\d{16,}$/.test(text)) return Number(text);
  return text.length > MAX_DIGITS ? Number(text) : BigInt(text);
}

function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** Where the text stops being JSON, in UTF-16 units. */
function faultIn(text: string): number {
  if (isTooDeep(text)) return 0;
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true });
  return errors[0]?.offset ?? 0;
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
