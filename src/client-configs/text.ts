import type { Dice, Subscriber, Surroundings } from './types.js';
import { USER_VARIABLES, type UserVariable } from './variables.js';

/** One user being served now. What is the same for all entries of the user is worked out once. */
export class Turn {
  private readonly variables = new Map<UserVariable, string>();
  private readonly drawn = new Map<Part, string>();

  constructor(
    readonly user: Subscriber,
    readonly now: Date,
    readonly dice: Dice,
    readonly surroundings: Surroundings,
  ) {}

  variable(name: UserVariable): string {
    if (name === 'USERNAME') return this.user.username; // not worth the map
    let value = this.variables.get(name);
    if (value === undefined) this.variables.set(name, (value = USER_VARIABLES[name](this)));
    return value;
  }

  /** What `draw` gives for `part`: the same in the whole turn. */
  once(part: Part, draw: () => string): string {
    let value = this.drawn.get(part);
    if (value === undefined) this.drawn.set(part, (value = draw()));
    return value;
  }
}

/** A piece of a text: fixed, or known in a turn only. */
export type Part = string | ((turn: Turn) => string);

/** A text in pieces, no two fixed ones side by side, none empty: what is fixed is written once, not per user. */
export type Text = readonly Part[];

/** The texts and parts one after the other. */
export function concat(...pieces: (Part | Text)[]): Text {
  const parts: Part[] = [];
  for (const part of pieces.flat() as Part[]) {
    const last = parts.at(-1);
    if (part === '') continue;
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else parts.push(part);
  }
  return parts;
}

export function render(text: Text, turn: Turn): string {
  let result = '';
  for (const part of text) result += typeof part === 'string' ? part : part(turn);
  return result;
}

/** The text if it is the same for everybody. */
export function fixed(text: Text): string | undefined {
  if (text.length === 0) return '';
  return text.length === 1 && typeof text[0] === 'string' ? text[0] : undefined;
}

/** `encode` of the text, for an encoder that may work piece by piece, e.g. percent-encoding. */
export function encoded(text: Text, encode: (value: string) => string): Text {
  return concat(
    ...text.map((part) => (typeof part === 'string' ? encode(part) : (turn: Turn) => encode(part(turn)))),
  );
}

/** `change` of the text as a whole. */
export function changed(text: Text, change: (value: string) => string): Text {
  const value = fixed(text);
  return value === undefined ? [(turn) => change(render(text, turn))] : concat(change(value));
}

/** One of the texts, drawn anew in each turn; nothing is drawn from a single one. */
export function oneOf(texts: readonly Text[]): Text {
  if (texts.length < 2) return texts[0] ?? [];
  return [(turn) => render(texts[turn.dice.pick(texts.length)]!, turn)];
}

/** The text with each `*` of its fixed parts replaced by one salt, drawn anew in each turn. */
export function salted(text: Text): Text {
  if (!text.some((part) => typeof part === 'string' && part.includes('*'))) return text;
  return [
    (turn) => {
      const salt = turn.dice.salt();
      const salting = text.map((part) => (typeof part === 'string' ? part.replaceAll('*', salt) : part));
      return render(salting, turn);
    },
  ];
}

/** A text that may be used in several places of an entry and is drawn for all of them once. */
export function drawnOnce(text: Text): Text {
  if (fixed(text) !== undefined) return text;
  const part: Part = (turn) => turn.once(part, () => render(text, turn));
  return [part];
}
