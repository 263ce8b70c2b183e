import { spend, spendOnText } from './budget.js';
import { Dict, sequence, Tuple } from './containers.js';
import { fail } from './errors.js';
import { formatBraces, type Lookup } from './format-braces.js';
import { place } from './format-number.js';
import { wantIndex } from './subscript.js';
import { type Defined, defineAll } from './signature.js';
import { BLANKS, escaped, str, trimEnd, trimStart, wantText } from './text.js';
import {
  collect,
  type Kwargs,
  Markup,
  NO_KWARGS,
  sliceText,
  textLength,
  textOf,
  type Value,
} from './values.js';

/** What a method works on. */
export interface Self {
  text: string;
  /** Whether its results, and the arguments they are made of, are markup. */
  isMarkup: boolean;
  look: Lookup;
}

/** Where Python ends a line; a file, group or record separator does, too. */
const LINE_END = '\\n\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029';
const LINE_ENDS = new RegExp(`\\r\\n|[\\r${LINE_END}]`);
const AFTER_LINE_ENDS = new RegExp(`(?<=\\r\\n|[${LINE_END}]|\\r(?!\\n))`);

/** `text` without any of `chars` at its start, its end, or both. */
export function strip(text: string, chars: Value, { start = true, end = true } = {}): string {
  if (chars === null) {
    const left = start ? trimStart(text) : text;
    return end ? trimEnd(left) : left;
  }
  const unwanted = new Set(wantText(chars));
  const all = [...text];
  const isKept = (char: string) => !unwanted.has(char);
  const from = start ? all.findIndex(isKept) : 0;
  const to = end ? all.findLastIndex(isKept) + 1 : all.length;
  return from === -1 ? '' : all.slice(from, to).join('');
}

/** Python's `split`, from the left or the right. */
export function split(text: string, separator: Value, limit: number, fromRight = false): string[] {
  if (separator === null) return splitAtBlanks(text, limit, fromRight);
  const mark = wantText(separator);
  if (mark === '') fail('ValueError', 'empty separator');
  const parts = text.split(mark);
  spend(parts.length);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return fromRight
    ? [parts.slice(0, -limit || undefined).join(mark), ...(limit === 0 ? [] : parts.slice(-limit))]
    : [...parts.slice(0, limit), parts.slice(limit).join(mark)];
}

function splitAtBlanks(text: string, limit: number, fromRight: boolean): string[] {
  const words = [...text.matchAll(new RegExp(`[^${BLANKS}]+`, 'g'))];
  spend(words.length);
  const plain = words.map(([word]) => word);
  if (limit < 0 || words.length <= limit) return plain;
  if (fromRight) {
    const kept = words.length - limit;
    const last = words[kept - 1];
    return last ? [text.slice(0, last.index + last[0].length), ...plain.slice(kept)] : plain;
  }
  const next = words[limit];
  return next ? [...plain.slice(0, limit), trimEnd(text.slice(next.index))] : plain;
}

export function replace(text: string, old: string, fresh: string, count: number): string {
  if (count < 0 || old === '') {
    const parts = count < 0 ? text.split(old === '' ? /(?:)/u : old) : undefined;
    if (old !== '') {
      spendOnText(text.length + (parts!.length - 1) * fresh.length);
      return parts!.join(fresh);
    }
    const gaps = ['', ...text, ''];
    const limit = count < 0 ? gaps.length : count;
    spendOnText(text.length + gaps.length * fresh.length);
    return gaps.slice(1).reduce((made, char, at) => made + (at < limit ? fresh : '') + char, '');
  }
  const parts = split(text, old, count);
  spendOnText(text.length + parts.length * fresh.length);
  return parts.join(fresh);
}

export const capitalize = (text: string): string => {
  const first = sliceText(text, 0, 1);
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
};

export function splitLines(text: string, keepEnds = false): string[] {
  const parts = text.split(keepEnds ? AFTER_LINE_ENDS : LINE_ENDS);
  spend(parts.length);
  return parts.at(-1) === '' ? parts.slice(0, -1) : parts;
}

const bounded = (text: string, start: Value, end: Value) => {
  const chars = textLength(text);
  const at = (value: Value, byDefault: number) => {
    const index = value === null ? byDefault : wantIndex(value);
    return Math.min(chars, Math.max(0, index < 0 ? index + chars : index));
  };
  const from = at(start, 0);
  return { from, part: sliceText(text, from, Math.max(from, at(end, chars))) };
};

function find({ text }: Self, sub: Value, start: Value, end: Value, last = false): bigint {
  const { from, part } = bounded(text, start, end);
  const at = last ? part.lastIndexOf(wantText(sub)) : part.indexOf(wantText(sub));
  return at === -1 ? -1n : BigInt(from + textLength(part.slice(0, at)));
}

const found = (index: bigint): bigint => (index < 0n ? fail('ValueError', 'substring not found') : index);

const every = (text: string, pattern: RegExp) => text !== '' && pattern.test(text);

const anyOf = (what: Value): string[] => (sequence(what) ?? [what]).map((item) => wantText(item));

function partition(text: string, separator: Value, last = false): Tuple {
  const mark = wantText(separator);
  const at = last ? text.lastIndexOf(mark) : text.indexOf(mark);
  if (at === -1) return new Tuple(last ? ['', '', text] : [text, '', '']);
  return new Tuple([text.slice(0, at), mark, text.slice(at + mark.length)]);
}

const fill = (text: string, align: '<' | '>' | '^', width: Value, char: Value): string => {
  const placed = { fill: wantText(char), align, width: wantIndex(width) };
  if (align !== '^') return place(text, placed);
  // Python leaves the odd blank to the left when the width is odd.
  const missing = placed.width - textLength(text);
  if (missing <= 0) return text;
  spendOnText(placed.width);
  const left = (missing >> 1) + (missing & placed.width & 1);
  return placed.fill.repeat(left) + text + placed.fill.repeat(missing - left);
};

const number = (value: Value) => wantIndex(value);

/** The methods of `str`. Results that are texts become markup again where they were. */
const METHODS: Map<string, Defined<[Self]>> = defineAll<[Self]>({
  'capitalize()': ({ text }: Self) => capitalize(text),
  'casefold()': ({ text }: Self) => text.toLowerCase().replaceAll('ß', 'ss'),
  "center(width, fillchar=' ', /)": (width: Value, char: Value, { text }: Self) =>
    fill(text, '^', width, char),
  "ljust(width, fillchar=' ', /)": (width: Value, char: Value, { text }: Self) =>
    fill(text, '<', width, char),
  "rjust(width, fillchar=' ', /)": (width: Value, char: Value, { text }: Self) =>
    fill(text, '>', width, char),
  'zfill(width, /)': (width: Value, { text }: Self) => {
    const sign = /^[+-]/.test(text) ? text[0]! : '';
    const rest = place(text.slice(sign.length), {
      fill: '0',
      align: '>',
      width: number(width) - sign.length,
    });
    return sign + rest;
  },
  'count(sub, start=None, end=None, /)': (sub: Value, start: Value, end: Value, { text }: Self) => {
    const { part } = bounded(text, start, end);
    return BigInt(wantText(sub) === '' ? textLength(part) + 1 : part.split(wantText(sub)).length - 1);
  },
  'endswith(suffix, start=None, end=None, /)': (suffix: Value, start: Value, end: Value, { text }: Self) =>
    anyOf(suffix).some((one) => bounded(text, start, end).part.endsWith(one)),
  'startswith(prefix, start=None, end=None, /)': (prefix: Value, start: Value, end: Value, { text }: Self) =>
    anyOf(prefix).some((one) => bounded(text, start, end).part.startsWith(one)),
  'expandtabs(tabsize=8)': (size: Value, { text }: Self) => expandTabs(text, number(size)),
  'find(sub, start=None, end=None, /)': (sub: Value, start: Value, end: Value, self: Self) =>
    find(self, sub, start, end),
  'rfind(sub, start=None, end=None, /)': (sub: Value, start: Value, end: Value, self: Self) =>
    find(self, sub, start, end, true),
  'index(sub, start=None, end=None, /)': (sub: Value, start: Value, end: Value, self: Self) =>
    found(find(self, sub, start, end)),
  'rindex(sub, start=None, end=None, /)': (sub: Value, start: Value, end: Value, self: Self) =>
    found(find(self, sub, start, end, true)),
  'format(*args, **kwargs)': (args: Value[], kwargs: Dict, self: Self) =>
    formatBraces(self.text, args, named(kwargs), self.look, self.isMarkup ? escaped : str),
  'format_map(mapping, /)': (mapping: Value, self: Self) =>
    formatBraces(self.text, [], mapping instanceof Dict ? named(mapping) : NO_KWARGS, self.look),
  'isalnum()': ({ text }: Self) => every(text, /^[\p{L}\p{N}]+$/u),
  'isalpha()': ({ text }: Self) => every(text, /^\p{L}+$/u),
  'isascii()': ({ text }: Self) => /^[\0-\x7f]*$/.test(text),
  'isdecimal()': ({ text }: Self) => every(text, /^\p{Nd}+$/u),
  'isdigit()': ({ text }: Self) => every(text, /^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u),
  'isnumeric()': ({ text }: Self) => every(text, /^\p{N}+$/u),
  'isidentifier()': ({ text }: Self) =>
    every(text, /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u),
  'islower()': ({ text }: Self) => /\p{Ll}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text),
  'isupper()': ({ text }: Self) => /\p{Lu}/u.test(text) && !/[\p{Ll}\p{Lt}]/u.test(text),
  'istitle()': ({ text }: Self) => /[\p{Lu}\p{Lt}]/u.test(text) && titled(text) === text,
  'isprintable()': ({ text }: Self) => !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', '')),
  'isspace()': ({ text }: Self) => text !== '' && trimStart(text) === '',
  'join(iterable, /)': (iterable: Value, { text, isMarkup }: Self) => {
    const parts = collect(iterable).map((item, at) =>
      isMarkup ? escaped(item) : wantText(item, `sequence item ${at}: expected str instance`),
    );
    spendOnText(parts.reduce((sum, part) => sum + part.length + text.length, 0));
    return parts.join(text);
  },
  'lower()': ({ text }: Self) => text.toLowerCase(),
  'upper()': ({ text }: Self) => text.toUpperCase(),
  'swapcase()': ({ text }: Self) =>
    text.replace(/\p{L}/gu, (char) =>
      char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
    ),
  'title()': ({ text }: Self) => titled(text),
  'strip(chars=None, /)': (chars: Value, { text }: Self) => strip(text, chars),
  'lstrip(chars=None, /)': (chars: Value, { text }: Self) => strip(text, chars, { end: false }),
  'rstrip(chars=None, /)': (chars: Value, { text }: Self) => strip(text, chars, { start: false }),
  'partition(sep, /)': (separator: Value, { text }: Self) => partition(text, separator),
  'rpartition(sep, /)': (separator: Value, { text }: Self) => partition(text, separator, true),
  'removeprefix(prefix, /)': (prefix: Value, { text }: Self) =>
    text.startsWith(wantText(prefix)) ? text.slice(wantText(prefix).length) : text,
  'removesuffix(suffix, /)': (suffix: Value, { text }: Self) =>
    wantText(suffix) !== '' && text.endsWith(wantText(suffix))
      ? text.slice(0, -wantText(suffix).length)
      : text,
  'replace(old, new, count=-1, /)': (old: Value, fresh: Value, count: Value, { text, isMarkup }: Self) => {
    const written = isMarkup ? escaped : wantText;
    return replace(text, wantText(old), written(fresh), number(count));
  },
  'split(sep=None, maxsplit=-1)': (separator: Value, limit: Value, { text }: Self) =>
    split(text, separator, number(limit)),
  'rsplit(sep=None, maxsplit=-1)': (separator: Value, limit: Value, { text }: Self) =>
    split(text, separator, number(limit), true),
  'splitlines(keepends=False)': (keepEnds: Value, { text }: Self) => splitLines(text, keepEnds === true),
  'translate(table, /)': (table: Value, { text }: Self) =>
    [...text].map((char) => translated(char, table instanceof Dict ? table : new Dict())).join(''),
});

function titled(text: string): string {
  return text.replace(/\p{L}+/gu, capitalize);
}

function expandTabs(text: string, size: number): string {
  let column = 0;
  return text.replace(/\t|[\n\r]|[^]/gu, (char) => {
    if (char === '\t') {
      const blanks = size > 0 ? size - (column % size) : 0;
      column += blanks;
      spendOnText(blanks);
      return ' '.repeat(blanks);
    }
    column = char === '\n' || char === '\r' ? 0 : column + 1;
    return char;
  });
}

function translated(char: string, table: Dict): string {
  const to = table.get(BigInt(char.codePointAt(0)!));
  if (to === undefined) return char;
  if (to === null) return '';
  return typeof to === 'bigint' ? String.fromCodePoint(Number(to)) : wantText(to);
}

const named = (mapping: Dict): Kwargs => new Map(mapping.entries().map(([key, value]) => [str(key), value]));

/** The method `name` of a text, markup, or member of an enumeration. */
export function textMethod(value: Value, name: string, look: Lookup): Value | undefined {
  const method = METHODS.get(name);
  if (!method) return undefined;
  const self: Self = { text: textOf(value)!, isMarkup: value instanceof Markup, look };
  return (args, kwargs) => {
    spend(1 + self.text.length / 64);
    const made = method(args, kwargs, self);
    return self.isMarkup ? asMarkup(made) : made;
  };
}

function asMarkup(value: Value): Value {
  if (typeof value === 'string') return new Markup(value);
  if (value instanceof Tuple) return new Tuple(value.items.map(asMarkup));
  return Array.isArray(value) ? value.map(asMarkup) : value;
}
