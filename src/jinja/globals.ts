import { spend } from './budget.js';
import { Dict } from './containers.js';
import { fail } from './errors.js';
import { pairsOf } from './object-methods.js';
import { Namespace } from './runtime.js';
import { defineAll } from './signature.js';
import { capitalize } from './text-methods.js';
import { wantIndex } from './subscript.js';
import { isTrue, Markup, PyObject, Range, type Value } from './values.js';

class Cycler extends PyObject {
  readonly typeName = 'Cycler';
  private at = 0;

  constructor(private readonly items: readonly Value[]) {
    super();
    if (items.length === 0) fail('TypeError', 'at least one item has to be provided');
  }
  repr() {
    return '<Cycler>';
  }
  override attribute(name: string): Value | undefined {
    const current = this.items[this.at]!;
    if (name === 'current') return current;
    if (name === 'next') {
      return () => {
        const item = this.items[this.at]!;
        this.at = (this.at + 1) % this.items.length;
        return item;
      };
    }
    if (name !== 'reset') return undefined;
    return () => {
      this.at = 0;
      return null;
    };
  }
}

class Joiner extends PyObject {
  readonly typeName = 'Joiner';
  private isUsed = false;

  constructor(private readonly separator: Value) {
    super();
  }
  repr() {
    return '<Joiner>';
  }
  override attribute(name: string): Value | undefined {
    if (name !== '__call__') return undefined;
    return () => {
      const wasUsed = this.isUsed;
      this.isUsed = true;
      return wasUsed ? this.separator : '';
    };
  }
}

const WORDS =
  `a ac accumsan ad aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class
  commodo condimentum congue consectetuer consequat conubia convallis cras cubilia curabitur cursus dapibus diam
  dictum dictumst dignissim dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et etiam`.split(
    /\s+/,
  );

function lipsum(count: Value, isHtml: Value, shortest: Value, longest: Value): Value {
  const [from, to] = [wantIndex(shortest), wantIndex(longest)];
  const paragraphs = Array.from({ length: Math.min(wantIndex(count), 10_000) }, () => {
    const size = from + Math.floor(Math.random() * Math.max(1, to - from));
    spend(size);
    const words = Array.from({ length: size }, () => WORDS[Math.floor(Math.random() * WORDS.length)]!);
    return `${capitalize(words.join(' '))}.`;
  });
  if (!isTrue(isHtml)) return paragraphs.join('\n\n');
  return new Markup(paragraphs.map((text) => `<p>${text}</p>`).join('\n'));
}

/** The functions that every template has. */
export const GLOBALS: ReadonlyMap<string, Value> = defineAll({
  'cycler(*items)': (items: Value[]) => new Cycler(items),
  'dict(*mappings, **kwargs)': (mappings: Value[], kwargs: Dict) =>
    new Dict([...mappings.flatMap(pairsOf), ...kwargs.entries()]),
  "joiner(sep=', ')": (separator: Value) => new Joiner(separator),
  'lipsum(n=5, html=True, min=20, max=100)': lipsum,
  'namespace(*mappings, **kwargs)': (mappings: Value[], kwargs: Dict) =>
    new Namespace(new Dict([...mappings.flatMap(pairsOf), ...kwargs.entries()])),
  'range(start, stop=None, step=1, /)': (start: Value, stop: Value, step: Value) => {
    const [from, to, by] = [start, stop, step].map((value) =>
      value === null ? undefined : BigInt(wantIndex(value)),
    );
    if (by === 0n) return fail('ValueError', 'range() arg 3 must not be zero');
    return to === undefined ? new Range(0n, from ?? 0n, by!) : new Range(from ?? 0n, to, by!);
  },
});
