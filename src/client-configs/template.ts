import { concat, type Part, type Text } from './text.js';
import { isUserVariable } from './variables.js';

const TOKENS = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;
/** Clients of Marzban know this text for a name that means nothing. */
const UNKNOWN = '<missing>';

/**
 * Parses a text with `{NAMES}`; `{{` and `}}` are braces. `known` are the variables that are the same for every user.
 * An unknown name, also one with an attribute or an index, gives `<missing>`; a conversion or a format after the name
 * is ignored. Undefined for a lone brace and for an empty or numeric name.
 * Source: Marzban used Python's `str.format_map`, and nobody documented more than plain names.
 */
export function parseTemplate(template: string, known: Readonly<Record<string, string>>): Text | undefined {
  const parts: Part[] = [];
  for (const [token, field] of template.matchAll(TOKENS)) {
    if (field === undefined) {
      if (token === '{' || token === '}') return undefined;
      parts.push(token === '{{' || token === '}}' ? token[0]! : token);
      continue;
    }
    const name = field.replace(/[!:].*$/s, '');
    if (/^\d*(?:[.[]|$)/.test(name)) return undefined;
    if (isUserVariable(name)) parts.push((turn) => turn.variable(name));
    else parts.push(Object.hasOwn(known, name) ? known[name]! : UNKNOWN);
  }
  return concat(...parts);
}

/** Whether a remark, an address or a path can be used: its braces are balanced and each holds a name. */
export function isTemplate(template: string): boolean {
  return parseTemplate(template, {}) !== undefined;
}
