import { run } from './blocks.js';
import { spend } from './budget.js';
import { fail, JinjaError } from './errors.js';
import { Context, Module, type Program, type Scope } from './runtime.js';
import { collect, textOf, Undefined, type Value } from './values.js';

/** The template of this name. */
export function load(scope: Scope, name: Value): Program {
  return scope.context.surroundings.load(nameOf(name));
}

/** Shows another template in the place of the statement: the first of these names that there is. */
export function include(
  scope: Scope,
  names: Value,
  { ignoreMissing, withContext }: { ignoreMissing: boolean; withContext: boolean },
  out: string[],
): void {
  const program = loadFirst(scope, names, ignoreMissing);
  if (program) run(program, contextOf(program, scope, withContext), out);
}

/** What another template defines at its top, but for names that begin with an underscore. */
export function importModule(scope: Scope, name: Value, withContext: boolean): Module {
  const program = load(scope, name);
  const text: string[] = [];
  const { variables } = run(program, contextOf(program, scope, withContext), text);
  const exported = new Map([...variables].filter(([key]) => !key.startsWith('_')));
  return new Module(program.name, text.join(''), exported);
}

function contextOf({ name }: Program, scope: Scope, withContext: boolean): Context {
  spend(1);
  return new Context(scope.context.surroundings, name, withContext ? scope.visible() : new Map());
}

function loadFirst(scope: Scope, names: Value, ignoreMissing: boolean): Program | undefined {
  const wanted = textOf(names) === undefined && !(names instanceof Undefined) ? collect(names) : [names];
  for (const [at, name] of wanted.entries()) {
    try {
      return load(scope, name);
    } catch (error) {
      const isMissing = error instanceof JinjaError && error.kind === 'TemplateNotFound';
      if (!isMissing || (at === wanted.length - 1 && !ignoreMissing)) throw error;
    }
  }
  return ignoreMissing
    ? undefined
    : fail('TemplateNotFound', 'Tried to select from an empty list of templates.');
}

function nameOf(value: Value): string {
  if (value instanceof Undefined) return value.refuse();
  return textOf(value) ?? fail('TypeError', 'no loader for this environment specified');
}
