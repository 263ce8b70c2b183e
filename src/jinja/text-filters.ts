import { spendOnText } from './budget.js';
import { Dict, Tuple } from './containers.js';
import { fail } from './errors.js';
import { writeFloat } from './format-number.js';
import { formatPercent } from './format-percent.js';
import { writeJson } from './json.js';
import { wantIndex } from './subscript.js';
import { prettyPrint } from './pretty-print.js';
import type { FilterContext } from './runtime.js';
import { toFloat } from './number-filters.js';
import { defineAll } from './signature.js';
import { escaped, escapeHtml, softText, str, wantText } from './text.js';
import { capitalize, replace, splitLines, split, strip } from './text-methods.js';
import { urlize } from './urlize.js';
import {
  collect,
  isTrue,
  lengthOf,
  Markup,
  sliceText,
  textLength,
  textOf,
  type Value,
  typeName,
  Undefined,
} from './values.js';
import { wrapText } from './wrap-text.js';

/** As markup where everything is escaped. */
const marked = (text: string, { autoescape }: FilterContext): Value => (autoescape ? new Markup(text) : text);

/** As markup where `value` was. */
const like = (value: Value, text: string): Value => (value instanceof Markup ? new Markup(text) : text);

function indent(value: Value, width: Value, first: Value, blank: Value): Value {
  const text =
    textOf(value) ??
    (value instanceof Undefined ? value.refuse() : wantText(value, 'can only concatenate str'));
  const margin = textOf(width) ?? ' '.repeat(checkedWidth(wantIndex(width)));
  const lines = splitLines(`${text}\n`);
  spendOnText(text.length + lines.length * margin.length);
  const indented = lines.map((line, at) => (at > 0 && (isTrue(blank) || line !== '') ? margin + line : line));
  return like(value, (isTrue(first) ? margin : '') + indented.join('\n'));
}

function checkedWidth(width: number): number {
  if (width > 0) spendOnText(width);
  return Math.max(0, width);
}

function truncate(value: Value, length: Value, killWords: Value, end: Value, leeway: Value): Value {
  const [width, mark] = [wantIndex(length), wantText(end)];
  const tolerance = leeway === null ? 5 : wantIndex(leeway);
  const kept = width - textLength(mark);
  if (kept < 0) fail('ValueError', `expected length >= ${textLength(mark)}, got ${width}`);
  if (tolerance < 0) fail('ValueError', `expected leeway >= 0, got ${tolerance}`);
  if (lengthOf(value) <= width + tolerance) return value; // whatever has a length
  const text = wantText(value);
  const cut = sliceText(text, 0, kept);
  return like(value, (isTrue(killWords) ? cut : split(cut, ' ', 1, true)[0]!) + mark);
}

/** Percent-encodes all but letters, digits, `_.-~` and, outside of queries, `/`. */
function quoteUrl(value: Value, inQuery = false): string {
  const quoted = encodeURIComponent(softText(value).replace(/\p{Cs}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return inQuery ? quoted.replaceAll('%20', '+') : quoted.replaceAll('%2F', '/');
}

function urlEncode(value: Value): Value {
  if (textOf(value) !== undefined || typeof value !== 'object' || value === null) return quoteUrl(value);
  const pairs = value instanceof Dict ? value.entries() : collect(value).map((pair) => collect(pair));
  return pairs.map(([key, member]) => `${quoteUrl(key!, true)}=${quoteUrl(member!, true)}`).join('&');
}

function attributes(value: Value, autospace: Value, context: FilterContext): Value {
  if (!(value instanceof Dict))
    return fail('AttributeError', `'${typeName(value)}' object has no attribute 'items'`);
  const written = value.entries().flatMap(([key, member]) => {
    if (member === null || member instanceof Undefined) return [];
    if (/[\s/>=]/.test(wantText(key)))
      fail('ValueError', `Invalid character in attribute name: '${str(key)}'`);
    return [`${escaped(key)}="${escaped(member)}"`];
  });
  const text = written.join(' ');
  return marked(isTrue(autospace) && text !== '' ? ` ${text}` : text, context);
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];

function fileSize(value: Value, isBinary: Value): string {
  const bytes = toFloat(value);
  const base = isTrue(isBinary) ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const at = UNITS.findIndex((_, index) => bytes < base ** (index + 2));
  const power = at === -1 ? UNITS.length - 1 : at;
  const unit = isTrue(isBinary)
    ? UNITS[power]!.replace(/^k?(.?)B$/, (_, letter: string) => `${letter || 'K'}iB`)
    : UNITS[power]!;
  return `${bytes < 0 ? '-' : ''}${writeFloat((base * bytes) / base ** (power + 2), 'f', 1, false)} ${unit}`;
}

function stripTags(value: Value): Value {
  let text = str(value);
  for (;;) {
    const [from, to] = [text.indexOf('<!--'), text.indexOf('-->', text.indexOf('<!--'))];
    if (from === -1 || to === -1) break;
    spendOnText(text.length);
    text = text.slice(0, from) + text.slice(to + 3);
  }
  const pieces = text.split('<');
  const bare = pieces.map((piece, at) => {
    const end = at === 0 ? -1 : piece.indexOf('>');
    return at === 0 ? piece : end === -1 ? `<${piece}` : piece.slice(end + 1);
  });
  return unescapeHtml(bare.join('').split(/\s+/).filter(Boolean).join(' '));
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\xa0' };

const unescapeHtml = (text: string) =>
  text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return NAMED[name] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
      return code > 0 && code < 0x11_0000 ? String.fromCodePoint(code) : '\ufffd';
    },
  );

/** Jinja's filters that make texts. */
export const TEXT_FILTERS = defineAll<[FilterContext]>({
  'capitalize(s)': (value: Value) => like(value, capitalize(softText(value))),
  'center(value, width=80)': (value: Value, width: Value) => {
    const text = softText(value);
    const missing = wantIndex(width) - textLength(text);
    if (missing <= 0) return like(value, text);
    spendOnText(wantIndex(width));
    const left = (missing >> 1) + (missing & wantIndex(width) & 1);
    return like(value, ' '.repeat(left) + text + ' '.repeat(missing - left));
  },
  'e(s, /)': (value: Value) => new Markup(escaped(value)),
  'escape(s, /)': (value: Value) => new Markup(escaped(value)),
  'filesizeformat(value, binary=False)': fileSize,
  'forceescape(value)': (value: Value) => new Markup(escapeHtml(str(value))),
  'format(value, *args, **kwargs)': (value: Value, args: Value[], kwargs: Dict) => {
    if (args.length > 0 && kwargs.isTrue()) {
      return fail('TypeError', "can't handle positional and keyword arguments at the same time");
    }
    const text = formatPercent(
      softText(value),
      kwargs.isTrue() ? kwargs : new Tuple(args),
      value instanceof Markup ? escaped : str,
    );
    return like(value, text);
  },
  'indent(s, width=4, first=False, blank=False)': indent,
  'lower(s)': (value: Value) => like(value, softText(value).toLowerCase()),
  'pprint(value)': (value: Value) => prettyPrint(value),
  'replace(s, old, new, count=None)': (
    value: Value,
    old: Value,
    fresh: Value,
    count: Value,
    context: FilterContext,
  ) => {
    const times = count === null ? -1 : wantIndex(count);
    if (!context.autoescape) return replace(str(value), str(old), str(fresh), times);
    const isMarkup = [value, old, fresh].some((part) => part instanceof Markup);
    if (!isMarkup) return replace(softText(value), softText(old), softText(fresh), times);
    return new Markup(replace(escaped(value), softText(old), escaped(fresh), times));
  },
  'safe(value)': (value: Value) => new Markup(str(value)),
  'string(s)': (value: Value) =>
    value instanceof Markup || textOf(value) !== undefined ? value : str(value),
  'striptags(value)': stripTags,
  'title(s)': (value: Value) =>
    like(
      value,
      softText(value)
        .split(/([-\s({[<]+)/u)
        .map(capitalize)
        .join(''),
    ),
  'tojson(value, indent=None)': (value: Value, width: Value) =>
    new Markup(
      writeJson(
        value,
        width === null ? undefined : (textOf(width) ?? ' '.repeat(checkedWidth(wantIndex(width)))),
      ).replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
    ),
  'trim(value, chars=None)': (value: Value, chars: Value) => like(value, strip(softText(value), chars)),
  "truncate(s, length=255, killwords=False, end='...', leeway=None)": truncate,
  'upper(s)': (value: Value) => like(value, softText(value).toUpperCase()),
  'urlencode(value)': urlEncode,
  'urlize(value, trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None)': (
    value: Value,
    limit: Value,
    noFollow: Value,
    target: Value,
    rel: Value,
    schemes: Value,
    context: FilterContext,
  ) => {
    const relations = new Set([...(rel === null ? [] : wantText(rel).split(/\s+/)), 'noopener']);
    if (isTrue(noFollow)) relations.add('nofollow');
    const text = urlize(escaped(value), {
      limit: limit === null ? undefined : wantIndex(limit),
      rel: [...relations].filter(Boolean).sort().join(' '),
      target: target === null ? '' : wantText(target),
      schemes: schemes === null ? [] : collect(schemes).map((scheme) => wantText(scheme)),
    });
    return marked(text, context);
  },
  'wordcount(s)': (value: Value) => BigInt(softText(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  'wordwrap(s, width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True)': (
    value: Value,
    width: Value,
    breakWords: Value,
    separator: Value,
    breakHyphens: Value,
  ) => {
    const glue = separator === null ? '\n' : wantText(separator);
    const options = {
      width: wantIndex(width),
      breakLongWords: isTrue(breakWords),
      breakOnHyphens: isTrue(breakHyphens),
    };
    const lines = splitLines(wantText(value)).map((line) => wrapText(line, options).join(glue));
    return lines.join(glue);
  },
  'xmlattr(d, autospace=True)': attributes,
});
