import { JinjaError } from './errors.js';
import { BLANKS, trimEnd } from './text.js';

export type TokenType =
  | 'data'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'block_begin'
  | 'block_end'
  | 'variable_begin'
  | 'variable_end'
  | 'eof';

export interface Token {
  type: TokenType;
  /** As it was written; of a string what it means. */
  text: string;
  line: number;
}

const BEGIN = /\{[{%#]/g;
const RAW = new RegExp(`\\{%[-+]?[${BLANKS}]*raw[${BLANKS}]*(-?)%\\}`, 'y');
const END_RAW = new RegExp(`\\{%([-+]?)[${BLANKS}]*endraw[${BLANKS}]*([-+]?)%\\}`, 'g');
const END_COMMENT = /([-+]?)#\}/g;
const END_OF = { block: /([-+]?)%\}/y, variable: /(-?)\}\}/y };
const BLANK = new RegExp(`[${BLANKS}]+`, 'y');
const RULES: [TokenType, RegExp][] = [
  ['float', /(?<!\.)\d+(?:_\d+)*(?:(?:\.\d+(?:_\d+)*)?e[+-]?\d+(?:_\d+)*|\.\d+(?:_\d+)*)/iy],
  ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ['name', /[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}·]+/uy],
  ['string', /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y],
  ['operator', /\*\*|\/\/|[=!<>]=|[-+/*%~[\](){}<>=.:|,;]/y],
];
const CLOSING: Record<string, string> = { '{': '}', '(': ')', '[': ']' };

/**
 * The tokens of a template in Jinja's default syntax: blocks are not trimmed but where a `-` asks for it, all ends of
 * lines become `\n`, and one at the very end is dropped.
 */
export function tokenize(source: string): Token[] {
  const text = source.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let counted = 0;

  const lineAt = (position: number) => {
    for (; counted < position; counted++) if (text.charCodeAt(counted) === 10) line++;
    return line;
  };
  const fail = (message: string, position: number): never => {
    throw new JinjaError('TemplateSyntaxError', message).at('', lineAt(position));
  };
  const add = (type: TokenType, value: string, position: number) =>
    tokens.push({ type, text: value, line: lineAt(position) });
  const data = (value: string, position: number) => {
    if (value !== '') add('data', value, position);
  };
  /** Moves behind what ends a tag, and behind the blanks after it when the end has a `-`. */
  const pass = (end: number, sign: string | undefined) => {
    at = end;
    if (sign !== '-') return;
    BLANK.lastIndex = at;
    if (BLANK.test(text)) at = BLANK.lastIndex;
  };
  const find = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from;
    return pattern.exec(text);
  };

  while (at < text.length) {
    const begin = find(BEGIN, at)?.index ?? text.length;
    const isStripped = text[begin + 2] === '-';
    const before = text.slice(at, begin);
    data(isStripped ? trimEnd(before) : before, at);
    if (begin === text.length) break;
    const raw = find(RAW, begin);
    if (raw) {
      pass(begin + raw[0].length, raw[1]);
      const end = find(END_RAW, at) ?? fail('Missing end of raw directive', begin);
      const inside = text.slice(at, end.index);
      data(end[1] === '-' ? trimEnd(inside) : inside, at);
      pass(end.index + end[0].length, end[2]);
    } else if (text[begin + 1] === '#') {
      const end = find(END_COMMENT, begin + 2) ?? fail('Missing end of comment tag', begin);
      pass(end.index + end[0].length, end[1]);
    } else {
      const kind = text[begin + 1] === '%' ? 'block' : 'variable';
      add(`${kind}_begin`, '', begin);
      at = begin + (/[-+]/.test(text[begin + 2] ?? '') ? 3 : 2);
      tag(kind);
    }
  }
  add('eof', '', text.length);
  return tokens;

  function tag(kind: 'block' | 'variable'): void {
    const open: string[] = [];
    while (at < text.length) {
      const end = open.length === 0 ? find(END_OF[kind], at) : null;
      if (end) {
        add(`${kind}_end`, '', at);
        pass(at + end[0].length, end[1]);
        return;
      }
      BLANK.lastIndex = at;
      if (BLANK.test(text)) {
        at = BLANK.lastIndex;
        continue;
      }
      const rule =
        RULES.find(([, pattern]) => find(pattern, at)) ?? fail(`unexpected char ${quoted(text, at)}`, at);
      const [type, pattern] = rule;
      const value = text.slice(at, pattern.lastIndex);
      if (type === 'operator') balance(value, open);
      if (type === 'name' && /^[\p{Nd}\p{Mn}\p{Mc}·]/u.test(value))
        fail('Invalid character in identifier', at);
      add(type, type === 'string' ? unescape(value.slice(1, -1)) : value, at);
      at = pattern.lastIndex;
    }
  }

  function balance(operator: string, open: string[]): void {
    if (CLOSING[operator]) open.push(CLOSING[operator]);
    else if (operator === '}' || operator === ')' || operator === ']') {
      const expected = open.pop();
      if (expected === undefined) fail(`unexpected '${operator}'`, at);
      if (expected !== operator) fail(`unexpected '${operator}', expected '${expected}'`, at);
    }
  }

  function unescape(body: string): string {
    if (!body.includes('\\')) return body;
    return body.replace(ESCAPE, (whole, hex?: string, octal?: string, char?: string) => {
      if (hex !== undefined) {
        const code = Number.parseInt(hex.slice(1), 16);
        return code > 0x10_ffff ? fail('illegal Unicode character', at) : String.fromCodePoint(code);
      }
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (/[xuUN]/.test(char!)) return fail('truncated escape in a string', at);
      return SHORT[char!] ?? whole;
    });
  }
}

const ESCAPE = /\\(?:(x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8})|([0-7]{1,3})|([^]))/gi;
const SHORT: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const quoted = (text: string, at: number) => JSON.stringify(String.fromCodePoint(text.codePointAt(at)!));
