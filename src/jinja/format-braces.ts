import { DateTime } from './datetime.js';
import { fail } from './errors.js';
import {
  type Field,
  type FloatStyle,
  place,
  placeNumber,
  writeFloat,
  writeInteger,
  writePlainFloat,
} from './format-number.js';
import { formatTime } from './strftime.js';
import { repr, str } from './text.js';
import { EnumMember, type Kwargs, Markup, sliceText, type Value, typeName } from './values.js';

/** How attributes and items in a replacement field are looked up. */
export interface Lookup {
  attribute: (value: Value, name: string) => Value;
  item: (value: Value, key: Value) => Value;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** Python's `format(value, spec)`. */
function formatValue(value: Value, spec: string): string {
  if (value instanceof DateTime) return spec === '' ? value.str() : formatTime(value, spec);
  if (spec === '') return str(value);
  const parts = SPEC.exec(spec);
  if (!parts) return fail('ValueError', `Invalid format specifier '${spec}'`);
  const [, fill, align = '', sign = '-', , alternate, zero, width, grouping = '', precision, type = ''] =
    parts;
  const field = {
    fill: fill ?? (zero ? '0' : ' '),
    align: align || (zero ? '=' : ''),
    sign,
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping,
  } as Field;
  const digits = precision === undefined ? undefined : Number(precision);
  if (typeof value === 'bigint' || (typeof value === 'boolean' && type !== '')) {
    return ofInteger(BigInt(value), type, digits, field);
  }
  if (typeof value === 'number') return ofFloat(value, type, digits, field);
  if (typeof value !== 'string' && !(value instanceof EnumMember) && !(value instanceof Markup)) {
    if (typeof value === 'boolean') return ofInteger(BigInt(value), 'd', digits, field);
    return fail('TypeError', `unsupported format string passed to ${typeName(value)}.__format__`);
  }
  if (!['', 's'].includes(type)) return unknownCode(type, value);
  const text = digits === undefined ? str(value) : sliceText(str(value), 0, digits);
  return place(text, zero && !align ? { ...field, align: '<' } : field);
}

function unknownCode(type: string, value: Value): never {
  return fail('ValueError', `Unknown format code '${type}' for object of type '${typeName(value)}'`);
}

function ofInteger(value: bigint, type: string, digits: number | undefined, field: Field): string {
  if (/^[eEfFgG%]$/.test(type)) return ofFloat(Number(value), type, digits, field);
  if (digits !== undefined) return fail('ValueError', 'Precision not allowed in integer format specifier');
  if (type === 'c') return place(String.fromCodePoint(Number(value)), field);
  if (!/^[bdoxXn]?$/.test(type)) return unknownCode(type, value);
  const { prefix, digits: body } = writeInteger(value, type, field.alternate);
  return placeNumber(body, value < 0n, prefix, field);
}

function ofFloat(value: number, type: string, digits: number | undefined, field: Field): string {
  if (!/^[eEfFgGn%]?$/.test(type)) return unknownCode(type, value);
  const isNegative = value < 0 || Object.is(value, -0);
  if (type === '') return placeNumber(writePlainFloat(value, digits), isNegative, '', field);
  const style = (type === 'n' ? 'g' : type.toLowerCase()) as FloatStyle;
  const body = writeFloat(value, style, digits ?? 6, field.alternate);
  return placeNumber(/[EFG]/.test(type) ? body.toUpperCase() : body, isNegative, '', field);
}

/** Python's `format.format(*args, **kwargs)`; texts of fields without a format are printed by `print`. */
export function formatBraces(
  format: string,
  args: readonly Value[],
  kwargs: Kwargs,
  look: Lookup,
  print: (value: Value) => string = str,
): string {
  let automatic = 0;

  const valueOf = (name: string): Value => {
    const [, head = '', path = ''] = /^([^.[]*)(.*)$/s.exec(name)!;
    let value: Value | undefined;
    if (head === '' || /^\d+$/.test(head)) {
      value = args[head === '' ? automatic++ : Number(head)];
      if (value === undefined) fail('IndexError', 'Replacement index out of range for positional args tuple');
    } else {
      value = kwargs.get(head);
      if (value === undefined) fail('KeyError', repr(head));
    }
    for (const [, attribute, item = ''] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
      const key = /^\d+$/.test(item) ? BigInt(item) : item;
      value = attribute === undefined ? look.item(value, key) : look.attribute(value, attribute);
    }
    return value;
  };

  const expand = (text: string, depth: number): string => {
    if (depth === 0) fail('ValueError', 'Max string recursion exceeded');
    let written = '';
    let at = 0;
    while (at < text.length) {
      const char = text[at]!;
      if (char !== '{' && char !== '}') {
        const end = text.slice(at).search(/[{}]/);
        written += end === -1 ? text.slice(at) : text.slice(at, at + end);
        at = end === -1 ? text.length : at + end;
      } else if (text[at + 1] === char) {
        written += char;
        at += 2;
      } else if (char === '}') {
        fail('ValueError', "Single '}' encountered in format string");
      } else {
        const end = closing(text, at);
        written += field(text.slice(at + 1, end), depth);
        at = end + 1;
      }
    }
    return written;
  };

  const field = (text: string, depth: number): string => {
    const [, name = '', conversion, spec] =
      /^([^!:[]*(?:\[[^\]]*\][^!:[]*)*)(?:!(.))?(?::(.*))?$/s.exec(text) ?? [];
    const value = valueOf(name);
    const wanted = spec === undefined ? '' : expand(spec, depth - 1);
    if (conversion === 'r') return formatValue(repr(value), wanted);
    if (conversion === 's') return formatValue(str(value), wanted);
    if (conversion !== undefined) fail('ValueError', `Unknown conversion specifier '${conversion}'`);
    return wanted === '' && !(value instanceof DateTime) ? print(value) : formatValue(value, wanted);
  };

  return expand(format, 2);
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return fail('ValueError', "expected '}' before end of string");
}
