import { Document, Scalar, stringify, visit } from 'yaml';
import type { JsonValue } from '../xray/config/index.js';

/**
 * Block style as PyYAML writes it; texts that YAML 1.1 would read as something else are quoted too, and those of several
 * lines, whose blanks at the ends of lines would be lost otherwise.
 */
const STYLE = {
  blockQuote: false,
  lineWidth: 0,
  indentSeq: false,
  singleQuote: true,
  compat: 'yaml-1.1',
  aliasDuplicateObjects: false,
} as const;

/**
 * What no YAML may hold as it is, or holds as the end of a line; parsers refuse the whole document for one of the
 * former. What is left are the characters that people see, and tab and line feed.
 */
const UNSAFE = /[^\t\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;
const EVERY_UNSAFE = new RegExp(UNSAFE, 'gu');

const LONE_SURROGATE = /\p{Surrogate}/gu;

/** YAML for people and for any parser of it. */
export function writeYaml(value: JsonValue, { sorted = false } = {}): string {
  const style = { ...STYLE, sortMapEntries: sorted };
  const text = stringify(value, style);
  if (!UNSAFE.test(text) && !text.includes('\\ud')) return text;
  const document = new Document(value, style);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value !== 'string' || !UNSAFE.test(node.value)) return;
      node.value = node.value.replace(LONE_SURROGATE, '\ufffd');
      node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // All of them are between double quotes now, where an escape means the same.
  return document.toString(style).replace(EVERY_UNSAFE, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
