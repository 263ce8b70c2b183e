import { Dict, Tuple } from './containers.js';
import { fail } from './errors.js';
import type { Evaluate, Scope } from './runtime.js';
import { Undefined, type Value } from './values.js';

/** What a macro takes. */
export interface MacroParameters {
  macro: string;
  names: readonly string[];
  /** In the order of the names. */
  defaults: readonly (Evaluate | undefined)[];
  /** Whether its body mentions `caller`, `varargs`, `kwargs`: only then are they given, and may there be more arguments. */
  usesCaller: boolean;
  usesRest: boolean;
  usesOthers: boolean;
}

/** Puts the arguments of a call into the scope of the macro's body. Throws what Python says of arguments that do not fit. */
export function bindArguments(
  inner: Scope,
  { macro, names, defaults, usesCaller, usesRest, usesOthers }: MacroParameters,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
): void {
  const { variables } = inner;
  const others = new Map(kwargs);
  for (const [at, name] of names.entries()) {
    let value = args[at];
    if (others.has(name)) {
      if (value !== undefined) fail('TypeError', `macro '${macro}' got two values for '${name}'`);
      value = others.get(name);
      others.delete(name);
    }
    if (value === undefined) value = defaults[at]?.(inner); // it may mention the parameters before
    if (value === undefined) value = new Undefined(`parameter '${name}' was not provided`);
    variables.set(name, value);
  }
  if (usesCaller) {
    variables.set('caller', others.get('caller') ?? new Undefined('No caller defined'));
    others.delete('caller');
  }
  if (usesRest) variables.set('varargs', new Tuple(args.slice(names.length)));
  else if (args.length > names.length) {
    fail('TypeError', `macro '${macro}' takes not more than ${names.length} argument(s)`);
  }
  if (usesOthers) variables.set('kwargs', new Dict(others));
  else if (others.size > 0) {
    fail('TypeError', `macro '${macro}' takes no keyword argument '${[...others.keys()][0]}'`);
  }
}
