import { spend } from './budget.js';
import { Dict, sequence } from './containers.js';
import { fail } from './errors.js';
import { orderOf } from './operators.js';
import { repr, reprFloat } from './text.js';
import { textOf, type Value, typeName } from './values.js';

/** Python's `json.dumps` with sorted keys: ASCII only, a blank after `,` and `:`. With `indent` on several lines. */
export function writeJson(value: Value, indent?: string, margin = '\n'): string {
  spend(1);
  const text = textOf(value);
  if (text !== undefined) return writeText(text);
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return repr(value);
  if (typeof value === 'number') return writeNumber(value);
  const inner = indent === undefined ? margin : margin + indent;
  const wrap = (open: string, parts: string[], close: string) => {
    if (parts.length === 0) return open + close;
    if (indent === undefined) return open + parts.join(', ') + close;
    return open + inner + parts.join(`,${inner}`) + margin + close;
  };
  const items = sequence(value);
  if (items)
    return wrap(
      '[',
      items.map((item) => writeJson(item, indent, inner)),
      ']',
    );
  if (!(value instanceof Dict))
    return fail('TypeError', `Object of type ${typeName(value)} is not JSON serializable`);
  const entries = value.entries().sort(([a], [b]) => orderOf(a, b) ?? 0);
  return wrap(
    '{',
    entries.map(([key, member]) => `${keyText(key)}: ${writeJson(member, indent, inner)}`),
    '}',
  );
}

function keyText(key: Value): string {
  if (textOf(key) !== undefined) return writeText(textOf(key)!);
  if (key === null || typeof key === 'boolean') return `"${String(key)}"`;
  if (typeof key === 'bigint' || typeof key === 'number') return `"${writeJson(key)}"`;
  return fail('TypeError', `keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function writeNumber(value: number): string {
  if (Number.isFinite(value)) return reprFloat(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

const writeText = (text: string) =>
  JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
