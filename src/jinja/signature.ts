import { Dict } from './containers.js';
import { fail } from './errors.js';
import type { Kwargs, Value } from './values.js';

interface Parameter {
  name: string;
  /** Undefined: it must be given. */
  byDefault: Value | undefined;
}

/** Gives each parameter its argument, in order. */
export type Bind = (args: readonly Value[], kwargs: Kwargs) => Value[];

const LITERALS = new Map<string, Value>([
  ['None', null],
  ['True', true],
  ['False', false],
]);

function literal(text: string): Value {
  const known = LITERALS.get(text);
  if (known !== undefined) return known;
  return /^-?\d+$/.test(text) ? BigInt(text) : /^-?\d/.test(text) ? Number(text) : text.slice(1, -1);
}

/**
 * Binds arguments as Python does for a function of this signature, e.g. `indent(s, width=4, *rest, **others)`. What is
 * in front of a `/` cannot be given by name. `*rest` becomes a list and `**others` a mapping.
 */
function binder(signature: string): Bind {
  const [, name = '', list = ''] = /^(\w*)\((.*)\)$/.exec(signature)!;
  const parts: string[] = list.match(/(?:[^,' ]|'[^']*')+/g) ?? [];
  const positionalOnly = parts.indexOf('/');
  const rest = parts.some((part) => /^\*\w/.test(part));
  const others = parts.some((part) => part.startsWith('**'));
  const parameters = parts
    .filter((part) => part !== '/' && !part.startsWith('*'))
    .map((part): Parameter => {
      const [parameter = '', byDefault] = part.split('=');
      return { name: parameter, byDefault: byDefault === undefined ? undefined : literal(byDefault) };
    });

  return (args, kwargs) => {
    const bound: Value[] = [];
    let named = 0;
    for (const [at, parameter] of parameters.entries()) {
      let value = args[at];
      if (value === undefined && at >= positionalOnly) {
        value = kwargs.get(parameter.name);
        if (value !== undefined) named++;
      }
      if (value === undefined) value = parameter.byDefault;
      bound.push(
        value === undefined
          ? fail('TypeError', `${name}() missing required argument: '${parameter.name}'`)
          : value,
      );
    }
    if (rest) bound.push(args.slice(parameters.length));
    else if (args.length > parameters.length) {
      fail(
        'TypeError',
        `${name}() takes ${parameters.length} positional arguments but ${args.length} were given`,
      );
    }
    if (others) {
      const known = parameters.map((parameter) => parameter.name);
      bound.push(new Dict([...kwargs].filter(([key]) => !known.includes(key))));
    } else if (named < kwargs.size) {
      const known = parameters.slice(args.length).map((parameter) => parameter.name);
      const odd = [...kwargs.keys()].find((key) => !known.includes(key)) ?? '';
      fail('TypeError', `${name}() got an unexpected keyword argument '${odd}'`);
    }
    return bound;
  };
}

/** A function by its signature; `Extra` is what is handed over behind the arguments. */
export type Defined<Extra extends unknown[]> = (
  args: readonly Value[],
  kwargs: Kwargs,
  ...extra: Extra
) => Value;

/** Functions by name. Each gets its arguments one by one, and then what the caller adds. */
export function defineAll<Extra extends unknown[]>(
  table: Record<string, (...values: never[]) => Value>,
): Map<string, Defined<Extra>> {
  return new Map(
    Object.entries(table).map(([signature, run]) => {
      const bind = binder(signature);
      const call = run as unknown as (...values: unknown[]) => Value;
      return [
        signature.slice(0, signature.indexOf('(')),
        (args, kwargs, ...extra) => call(...bind(args, kwargs), ...extra),
      ];
    }),
  );
}
