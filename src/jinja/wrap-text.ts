import { spend } from './budget.js';
import { fail } from './errors.js';

export interface WrapOptions {
  width: number;
  breakLongWords: boolean;
  breakOnHyphens: boolean;
}

const BLANK = '\\t\\n\\v\\f\\r ';
/** Words, dashes between them, and the blanks, as Python's `textwrap` splits them. */
const CHUNKS = new RegExp(
  `([${BLANK}]+` +
    `|(?<=[\\w!"'&.,?])-{2,}(?=\\w)` +
    `|[^${BLANK}]+?(?:-(?:(?<=[^\\d\\W]{2}-)|(?<=[^\\d\\W]-[^\\d\\W]-))(?=[^\\d\\W]-?[^\\d\\W])` +
    `|(?=[${BLANK}]|$)|(?<=[\\w!"'&.,?])(?=-{2,}\\w)))`,
);
const WORDS = new RegExp(`([${BLANK}]+)`);

/** The lines of a paragraph, none wider than `width` if that can be. */
export function wrapText(text: string, { width, breakLongWords, breakOnHyphens }: WrapOptions): string[] {
  if (width <= 0) fail('ValueError', `invalid width ${width} (must be > 0)`);
  const chunks = text
    .split(breakOnHyphens ? CHUNKS : WORDS)
    .filter(Boolean)
    .reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    spend(1);
    const line: string[] = [];
    let length = 0;
    if (lines.length > 0 && isBlank(chunks.at(-1)!)) chunks.pop();
    while (chunks.length > 0 && length + [...chunks.at(-1)!].length <= width) {
      length += [...chunks.at(-1)!].length;
      line.push(chunks.pop()!);
    }
    if (chunks.length > 0 && [...chunks.at(-1)!].length > width) {
      if (breakLongWords) breakWord(chunks, line, Math.max(1, width - length), breakOnHyphens);
      else if (line.length === 0) line.push(chunks.pop()!);
    }
    if (line.length > 0 && isBlank(line.at(-1)!)) line.pop();
    if (line.length > 0) lines.push(line.join(''));
  }
  return lines;
}

const isBlank = (chunk: string) => chunk.trim() === '';

/** Fills the rest of the line with the beginning of a word that fits in no line, up to a hyphen if it has one. */
function breakWord(chunks: string[], line: string[], room: number, breakOnHyphens: boolean): void {
  const chars = [...chunks.pop()!];
  let end = room;
  if (breakOnHyphens && chars.length > room) {
    const hyphen = chars.slice(0, room).lastIndexOf('-');
    if (hyphen > 0 && chars.slice(0, hyphen).some((char) => char !== '-')) end = hyphen + 1;
  }
  line.push(chars.slice(0, end).join(''));
  if (end < chars.length) chunks.push(chars.slice(end).join(''));
}
