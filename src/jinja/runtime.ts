import { Dict, Tuple } from './containers.js';
import { equals } from './equality.js';
import { fail } from './errors.js';
import type { TemplateTree } from './nodes.js';
import { defineAll } from './signature.js';
import { PyObject, type Callable, type Kwargs, type Value, Undefined } from './values.js';

/** What filters and tests may ask of the template they are used in. */
export interface FilterContext {
  autoescape: boolean;
  filterNames: ReadonlyMap<string, unknown>;
  testNames: ReadonlyMap<string, unknown>;
  filter: (name: string, args: readonly Value[], kwargs: Kwargs) => Value;
  test: (name: string, args: readonly Value[], kwargs: Kwargs) => boolean;
}

export type Filter = (args: readonly Value[], kwargs: Kwargs, context: FilterContext) => Value;

/** Filters by their signatures, e.g. `indent(s, width=4)`; each also gets the context. */
export const defineFilters = (table: Record<string, (...values: never[]) => Value>): Map<string, Filter> =>
  defineAll<[FilterContext]>(table);

export type Execute = (scope: Scope, out: string[]) => void;
export type Evaluate = (scope: Scope) => Value;

/** A template that was compiled. */
export interface Program {
  name: string;
  tree: TemplateTree;
  body: Execute;
  blocks: ReadonlyMap<string, Execute>;
}

/** What templates load and share. */
export interface Surroundings {
  filters: ReadonlyMap<string, Filter>;
  tests: ReadonlyMap<string, Filter>;
  globals: ReadonlyMap<string, Value>;
  /** Throws `TemplateNotFound`. */
  load: (name: string) => Program;
}

/** One rendering of one template and those it extends. */
export class Context {
  /** Where it is at work, for messages. */
  line = 0;
  /** Of each block the one to be shown, and behind it those it may call by `super()`. */
  readonly blocks = new Map<string, Execute[]>();
  /** The template that this one extends, once that was said. */
  parent: Program | undefined;
  /** `self` in a template: its blocks. */
  self: Value | undefined;

  constructor(
    readonly surroundings: Surroundings,
    public name: string,
    readonly given: ReadonlyMap<string, Value>,
  ) {}

  addBlocks(program: Program): void {
    for (const [name, block] of program.blocks) {
      const known = this.blocks.get(name);
      if (known) known.push(block);
      else this.blocks.set(name, [block]);
    }
  }
}

/** Names that were set, each in front of those outside. */
export class Scope {
  readonly variables = new Map<string, Value>();

  constructor(
    readonly context: Context,
    readonly outer?: Scope,
  ) {}

  find(name: string): Value {
    const own = this.variables.get(name);
    if (own !== undefined) return own;
    if (this.outer) return this.outer.find(name);
    const { given, surroundings } = this.context;
    if (name === 'self' && this.context.self !== undefined) return this.context.self;
    const from = given.has(name) ? given : surroundings.globals;
    const value = from.get(name);
    return value === undefined ? new Undefined(`'${name}' is undefined`) : value;
  }

  inner(): Scope {
    return new Scope(this.context, this);
  }

  /** The outermost, which blocks and other templates see. */
  get top(): Scope {
    return this.outer?.top ?? this;
  }

  /** All that can be seen from here, but for globals. */
  visible(): Map<string, Value> {
    const names = this.outer?.visible() ?? new Map(this.context.given);
    for (const [name, value] of this.variables) names.set(name, value);
    return names;
  }
}

/** Where a `for` is: `loop` in a template. */
export class Loop extends PyObject {
  readonly typeName = 'LoopContext';
  index = 0;
  private last: Value[] | undefined;

  constructor(
    private readonly items: readonly Value[],
    private readonly depth: number,
    private readonly recurse: ((items: Value, depth: number) => Value) | undefined,
  ) {
    super();
  }
  repr() {
    return `<LoopContext ${this.index + 1}/${this.items.length}>`;
  }
  override length() {
    return this.items.length;
  }
  override attribute(name: string): Value | undefined {
    const { index, items, depth } = this;
    switch (name) {
      case 'index':
        return BigInt(index + 1);
      case 'index0':
        return BigInt(index);
      case 'revindex':
        return BigInt(items.length - index);
      case 'revindex0':
        return BigInt(items.length - index - 1);
      case 'first':
        return index === 0;
      case 'last':
        return index === items.length - 1;
      case 'length':
        return BigInt(items.length);
      case 'depth':
        return BigInt(depth + 1);
      case 'depth0':
        return BigInt(depth);
      case 'previtem':
        return index > 0 ? items[index - 1] : new Undefined('there is no previous item');
      case 'nextitem':
        return index + 1 < items.length ? items[index + 1] : new Undefined('there is no next item');
      case 'cycle':
        return (values) =>
          values.length > 0
            ? values[index % values.length]!
            : fail('TypeError', 'no items for cycling given');
      case 'changed':
        return (values) => {
          const isSame = this.last !== undefined && equals(this.last, [...values]);
          this.last = [...values];
          return !isSame;
        };
      case '__call__':
        return ([items = null]) =>
          this.recurse?.(items, depth + 1) ??
          fail('TypeError', "The loop must have the 'recursive' marker to be called recursively.");
      default:
        return undefined;
    }
  }
}

export class Macro extends PyObject {
  readonly typeName = 'Macro';

  constructor(
    readonly name: string,
    private readonly parameters: string[],
    private readonly run: Callable,
  ) {
    super();
  }
  repr() {
    return `<Macro '${this.name}'>`;
  }
  override attribute(name: string): Value | undefined {
    if (name === '__call__') return this.run;
    if (name === 'name') return this.name;
    return name === 'arguments' ? new Tuple(this.parameters) : undefined;
  }
}

/** What `namespace()` gives: an object whose members a template may set from any scope. */
export class Namespace extends PyObject {
  readonly typeName = 'Namespace';

  constructor(readonly members: Dict) {
    super();
  }
  repr() {
    return `<Namespace ${this.members.repr()}>`;
  }
  override attribute(name: string) {
    return this.members.get(name);
  }
}

/** A template that was imported. */
export class Module extends PyObject {
  readonly typeName = 'TemplateModule';

  constructor(
    readonly name: string,
    private readonly text: string,
    readonly exported: ReadonlyMap<string, Value>,
  ) {
    super();
  }
  repr() {
    return `<TemplateModule '${this.name}'>`;
  }
  override str() {
    return this.text;
  }
  override attribute(name: string) {
    return this.exported.get(name);
  }
}
