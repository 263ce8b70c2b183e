import { styleText } from 'node:util';
import Table from 'cli-table3';

/** Every command can answer in JSON. */
export interface JsonOption {
  json?: boolean;
}

/** What a cell of a table holds; nothing is shown as a dash. */
export type Cell = string | number | bigint | boolean | Date | null | undefined;

/** Answers with `value` for programs, or with its words for people. */
export async function answer(json: boolean | undefined, value: unknown, words: () => string): Promise<void> {
  say(json ? await jsonOf(value) : words());
}

/** Answers that something was done: with what came of it for programs, with a sentence for people. */
export async function answerDone(json: boolean | undefined, value: object, words: string): Promise<void> {
  if (json) say(await jsonOf(value));
  else sayDone(words);
}

/** As `answer`, with a list that comes in batches, of which no more than one is held. */
export async function answerList<T>(
  json: boolean | undefined,
  batches: Iterable<T[]> | AsyncIterable<T[]>,
  { head, row, value }: { head: string[]; row: (item: T) => Cell[]; value: (item: T) => unknown },
): Promise<void> {
  let isFirst = true;
  for await (const items of batches) {
    if (json) {
      const texts = await Promise.all(items.map(async (item) => jsonOf(value(item))));
      process.stdout.write(
        texts.map((text) => `${isFirst ? '[' : ','}${((isFirst = false), text)}`).join(''),
      );
    } else if (items.length > 0) {
      say(table(isFirst ? head : [], items.map(row)));
      isFirst = false;
    }
  }
  if (json) say(isFirst ? '[]' : ']');
  else if (isFirst) say(table(head, []));
}

export function table(head: string[], rows: Cell[][]): string {
  const drawn = new Table({ head, chars: NO_LINES, style: NO_STYLE });
  drawn.push(...rows.map((row) => row.map(cell)));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A line of the answer, on stdout. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** That something was done: for people, and so no part of an answer in JSON. */
export function sayDone(text: string): void {
  say(process.stdout.hasColors?.() ? styleText('green', text) : text);
}

/** What is no part of the answer, on stderr. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Why a command failed. */
export function complain(text: string): void {
  remark(process.stderr.hasColors?.() ? styleText('red', `error: ${text}`) : `error: ${text}`);
}

/** Bytes as people read them. */
export function bytes(count: bigint | number): string {
  let value = Number(count);
  let unit = 0;
  for (; Math.abs(value) >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(2)} ${UNITS[unit]}`;
}

export const instant = (at: Date): string =>
  at
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');

async function jsonOf(value: unknown): Promise<string> {
  const { writeJson } = await import('../shared/http/json.js');
  return writeJson(value);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

const NO_STYLE = { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true };

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** What could move the cursor of a terminal is shown, not done. */
const visible = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

function cell(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value instanceof Date ? instant(value) : visible(String(value));
}
