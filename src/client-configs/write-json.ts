import type { JsonValue } from '../xray/config/index.js';
import { escapeJson } from './escape.js';

/** JSON in ASCII, a member per line, each level `indent` blanks further in. Integers of any size are exact. */
export function writeIndentedJson(value: JsonValue, indent: number): string {
  return write(value, '\n', ' '.repeat(indent));
}

function write(value: JsonValue, newline: string, indent: string): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return String(value); // a number, also a bigint, or a constant
  const inner = newline + indent;
  let members = '';
  if (Array.isArray(value)) {
    for (const item of value) members += `${members && ','}${inner}${write(item, inner, indent)}`;
    return members === '' ? '[]' : `[${members}${newline}]`;
  }
  for (const key in value) {
    const member = value[key];
    if (member !== undefined)
      members += `${members && ','}${inner}${quoted(key)}: ${write(member, inner, indent)}`;
  }
  return members === '' ? '{}' : `{${members}${newline}}`;
}

function quoted(text: string): string {
  return `"${/^[ !#-[\]-~]*$/.test(text) ? text : escapeJson(text)}"`;
}
