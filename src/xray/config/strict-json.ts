import { InvalidCoreConfig } from './errors.js';

/** Far above any config, far below what recursion over the value can take. */
const MAX_DEPTH = 200;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const HASH = 0x23;
const STAR = 0x2a;
const COMMA = 0x2c;
const SLASH = 0x2f;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * JSON as people write configs (`#`, `//` and block comments, trailing commas) as strict JSON without blanks.
 * Numbers, strings and the order of keys are copied letter by letter. Anything else that is wrong stays wrong.
 * Whole runs between blanks are copied at once: a config can have megabytes, and a million tokens.
 */
export function toStrictJson(text: string): string {
  const runs: string[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let run = at; // what has not been copied yet
  let comma = 0; // where the last one is
  let depth = 0;
  // Strings, brackets, colons, commas; every other character counts as a token, too. 0: none.
  let last = 0;
  let beforeLast = 0;
  while (at < text.length) {
    const blank = pastBlanks(text, at);
    if (blank > at) {
      runs.push(text.slice(run, at));
      at = run = blank;
      if (at < text.length && isWord(last) && isWord(text.charCodeAt(at))) runs.push(' '); // `1 2` does not become 12
      continue;
    }
    const code = text.charCodeAt(at);
    let end = at + 1;
    if (code === QUOTE) {
      end = pastString(text, at);
    } else if (code === COMMA) {
      comma = at;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) throw new InvalidCoreConfig('config is nested too deeply');
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      depth--;
      if (last === COMMA && endsValue(beforeLast)) {
        // Between the two there was nothing, or blanks that ended the last run behind the comma.
        runs.push(comma >= run ? text.slice(run, comma) : runs.pop()!.slice(0, -1));
        run = at;
      }
    } else if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      end = text.length; // of a comment that nobody closed
    }
    beforeLast = last;
    last = code;
    at = end;
  }
  runs.push(text.slice(run));
  return runs.join('');
}

function pastBlanks(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    const next = code === SLASH ? text.charCodeAt(at + 1) : 0;
    if (code === HASH || next === SLASH) {
      at = orEnd(text, text.indexOf('\n', at));
    } else if (next === STAR) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) return at;
      at = end + 2;
    } else if (code === 0x20 || code === NEWLINE || isOtherBlank(text, at, code)) {
      at++;
    } else {
      return at;
    }
  }
}

function isOtherBlank(text: string, at: number, code: number): boolean {
  return (code < 0x20 || code > 0x7f) && /\s/.test(text.charAt(at));
}

function pastString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

function orEnd(text: string, found: number): number {
  return found < 0 ? text.length : found;
}

/** Strings count as words too: `"a" "b"` is as wrong as `1 2`, with or without the blank. */
function isWord(code: number): boolean {
  return code !== 0 && code !== COMMA && code !== COLON && !isOpening(code) && !isClosing(code);
}

function endsValue(code: number): boolean {
  return code !== 0 && code !== COMMA && !isOpening(code);
}

function isOpening(code: number): boolean {
  return code === OPEN_LIST || code === OPEN_OBJECT;
}

function isClosing(code: number): boolean {
  return code === CLOSE_LIST || code === CLOSE_OBJECT;
}
