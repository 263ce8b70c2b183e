import { spend } from './budget.js';
import { Dict, Tuple } from './containers.js';
import { compareTexts } from './equality.js';
import { repr, str } from './text.js';
import { textLength, textOf, type Value } from './values.js';

const WIDTH = 80;

/** Python's `pprint.pformat`: mappings in the order of their keys, and broken into lines where they are too long. */
export function prettyPrint(value: Value, indent = 0, allowance = 0): string {
  spend(1);
  const flat = flatten(value);
  if (textLength(flat) <= WIDTH - indent - allowance) return flat;
  const glue = `,\n${' '.repeat(indent + 1)}`;
  if (value instanceof Dict) {
    const entries = sortedEntries(value);
    const parts = entries.map(([key, member], at) => {
      const name = `${repr(key)}: `;
      const rest = at === entries.length - 1 ? allowance + 1 : 1;
      return name + prettyPrint(member, indent + textLength(name) + 1, rest);
    });
    return `{${parts.join(glue)}}`;
  }
  const items = value instanceof Tuple ? value.items : value;
  if (!Array.isArray(items)) return flat;
  const parts = items.map((item, at) =>
    prettyPrint(item, indent + 1, at === items.length - 1 ? allowance + 1 : 1),
  );
  return Array.isArray(value)
    ? `[${parts.join(glue)}]`
    : `(${parts.join(glue)}${items.length === 1 ? ',' : ''})`;
}

function flatten(value: Value): string {
  if (value instanceof Dict) {
    return `{${sortedEntries(value)
      .map(([key, member]) => `${flatten(key)}: ${flatten(member)}`)
      .join(', ')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(flatten).join(', ')}]`;
  return repr(value);
}

const sortedEntries = (dict: Dict) =>
  dict.entries().sort(([a], [b]) => compareTexts(textOf(a) ?? str(a), textOf(b) ?? str(b)));
