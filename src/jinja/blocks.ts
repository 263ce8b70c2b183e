import { spend } from './budget.js';
import { fail } from './errors.js';
import { Context, type Program, Scope } from './runtime.js';
import { PyObject, type Value } from './values.js';

/** Runs a template in its context, and then the one that it extends. */
export function run(program: Program, context: Context, out: string[]): Scope {
  const root = new Scope(context);
  context.self = new Blocks(context, root);
  let current: Program | undefined = program;
  while (current) {
    context.name = current.name;
    context.parent = undefined;
    context.addBlocks(current);
    current.body(root, out);
    current = context.parent;
  }
  return root;
}

/** Shows a block; `level` 1 is the one that it took the place of. */
export function runBlock(context: Context, name: string, level: number, seen: Scope, out: string[]): void {
  const execute = context.blocks.get(name)?.[level];
  if (!execute) return fail('UndefinedError', `there is no parent block called '${name}'.`);
  spend(1);
  const scope = new Scope(context, seen);
  scope.variables.set('super', new BlockReference(context, name, level + 1, seen));
  return execute(scope, out);
}

class BlockReference extends PyObject {
  readonly typeName = 'BlockReference';

  constructor(
    private readonly context: Context,
    private readonly name: string,
    private readonly level: number,
    private readonly seen: Scope,
  ) {
    super();
  }
  repr() {
    return '<BlockReference>';
  }
  override attribute(name: string): Value | undefined {
    const { context, level, seen } = this;
    if (name === 'super') return new BlockReference(context, this.name, level + 1, seen);
    if (name !== '__call__') return undefined;
    return () => {
      const text: string[] = [];
      runBlock(context, this.name, level, seen, text);
      return text.join('');
    };
  }
}

/** `self` in a block. */
class Blocks extends PyObject {
  readonly typeName = 'TemplateReference';

  constructor(
    private readonly context: Context,
    private readonly seen: Scope,
  ) {
    super();
  }
  repr() {
    return `<TemplateReference '${this.context.name}'>`;
  }
  override attribute(name: string): Value | undefined {
    return this.context.blocks.has(name) ? new BlockReference(this.context, name, 0, this.seen) : undefined;
  }
}
