const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const WORDS: Record<string, string> = { t: 'true', f: 'false', n: 'null' };

/** What keeps a text from being read: the place where it stops being JSON, in UTF-16 units, or its nesting. */
export type JsonFault = { at: number } | 'too deep';

/**
 * The first fault of a text, undefined for JSON (RFC 8259) of a bearable depth. One pass that keeps nothing but the
 * brackets that are open: a text of a stranger costs what reading its characters costs, up to the fault.
 */
export function findJsonFault(text: string, maxDepth: number): JsonFault | undefined {
  const open: (typeof CLOSE_OBJECT | typeof CLOSE_LIST)[] = []; // what closes each of them
  let at = skipBlanks(text, 0);
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (open.length === maxDepth) return 'too deep';
      open.push(code === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
      at = skipBlanks(text, at + 1);
      if (text.charCodeAt(at) !== open.at(-1)) {
        const next = code === OPEN_OBJECT ? pastKey(text, at) : at;
        if (next < 0) return { at: -next - 1 };
        at = next;
        continue;
      }
    } else {
      const end = code === QUOTE ? pastString(text, at) : pastScalar(text, at);
      if (end < 0) return { at: -end - 1 };
      at = skipBlanks(text, end);
    }
    // Behind a value, or in front of the bracket of an empty one.
    while (open.length > 0 && text.charCodeAt(at) === open.at(-1)) {
      open.pop();
      at = skipBlanks(text, at + 1);
    }
    if (open.length === 0) return at === text.length ? undefined : { at };
    if (text.charCodeAt(at) !== COMMA) return { at };
    at = skipBlanks(text, at + 1);
    const next = open.at(-1) === CLOSE_OBJECT ? pastKey(text, at) : at;
    if (next < 0) return { at: -next - 1 };
    at = next;
  }
}

// Each of these returns where it got to; the place `at` of a fault as `-at - 1`.

function pastKey(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) return -start - 1;
  const end = pastString(text, start);
  if (end < 0) return end;
  const colon = skipBlanks(text, end);
  return text.charCodeAt(colon) === COLON ? skipBlanks(text, colon + 1) : -colon - 1;
}

function pastString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) {
      const end = match(ESCAPE, text, at);
      if (end === at) return -at - 1;
      at = end - 1;
    } else if (code < 0x20) return -at - 1;
  }
  return -start - 1;
}

function pastScalar(text: string, start: number): number {
  const word = WORDS[text.charAt(start)];
  if (word !== undefined) return text.startsWith(word, start) ? start + word.length : -start - 1;
  const end = match(NUMBER, text, start);
  return end > start ? end : -start - 1;
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}
