import { run } from './blocks.js';
import { withBudget } from './budget.js';
import { compile } from './compile.js';
import { fail, toJinjaError } from './errors.js';
import { GLOBALS } from './globals.js';
import { LIST_FILTERS } from './list-filters.js';
import { NUMBER_FILTERS } from './number-filters.js';
import { Context, type Filter, type Program, type Surroundings } from './runtime.js';
import { TESTS } from './tests.js';
import { TEXT_FILTERS } from './text-filters.js';
import type { Value } from './values.js';

export interface EnvironmentOptions {
  /** The text of the template of this name, if there is one. */
  source: (name: string) => string | undefined;
  /** Beside Jinja's own. */
  filters?: ReadonlyMap<string, Filter>;
  globals?: ReadonlyMap<string, Value>;
}

/** Templates that know each other by their names, as in Jinja's `Environment`. Each is read once. */
export class Environment {
  private readonly programs = new Map<string, Program>();
  private readonly surroundings: Surroundings;

  constructor(private readonly options: EnvironmentOptions) {
    this.surroundings = {
      filters: new Map([...LIST_FILTERS, ...NUMBER_FILTERS, ...TEXT_FILTERS, ...(options.filters ?? [])]),
      tests: TESTS,
      globals: new Map([...GLOBALS, ...(options.globals ?? [])]),
      load: (name) => this.load(name),
    };
  }

  /**
   * The text that the template makes of `values`.
   * Throws a `JinjaError`; it is `Exhausted` when the template took too long or made too much.
   */
  render(name: string, values: ReadonlyMap<string, Value> = new Map()): string {
    return withBudget(() => {
      try {
        const out: string[] = [];
        run(this.load(name), new Context(this.surroundings, name, values), out);
        return out.join('');
      } catch (error) {
        throw toJinjaError(error);
      }
    });
  }

  private load(wanted: string): Program {
    const name = normalized(wanted);
    const known = this.programs.get(name);
    if (known) return known;
    const source = this.options.source(name);
    if (source === undefined) return fail('TemplateNotFound', `there is no template '${wanted}'`);
    const program = compile(name, source, this.surroundings);
    this.programs.set(name, program);
    return program;
  }
}

/** Jinja ignores empty parts and `.` in the names of templates. */
function normalized(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
