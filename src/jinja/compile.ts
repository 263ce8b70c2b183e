import { runBlock } from './blocks.js';
import { deeper, spend, spendOnText } from './budget.js';
import { ExpressionCompiler } from './compile-expression.js';
import { fail, toJinjaError } from './errors.js';
import { importModule, include, load } from './loading.js';
import { call } from './lookup.js';
import { bindArguments } from './macro-arguments.js';
import type { Expression, Routine, Statement, TemplateTree } from './nodes.js';
import { parseTemplate } from './parser.js';
import {
  type Evaluate,
  type Execute,
  Loop,
  Macro,
  type Module,
  type Program,
  type Scope,
  type Surroundings,
} from './runtime.js';
import { assigner, mentions } from './targets.js';
import { escaped, str } from './text.js';
import { collect, isTrue, Markup, Undefined, type Value } from './values.js';

type Node<Kind extends Statement['kind']> = Extract<Statement, { kind: Kind }>;

/** Reads a template. Throws a `TemplateSyntaxError` that names its line. */
export function compile(name: string, source: string, surroundings: Surroundings): Program {
  try {
    const tree = parseTemplate(source);
    return new Compiler(name, surroundings).program(tree);
  } catch (error) {
    const known = toJinjaError(error);
    const { line = 1 } = known;
    known.template = undefined;
    throw known.at(name, line);
  }
}

class Compiler extends ExpressionCompiler {
  constructor(
    private readonly name: string,
    surroundings: Surroundings,
  ) {
    super(surroundings);
  }

  program(tree: TemplateTree): Program {
    const statements = tree.body.map((statement) => this.statement(statement));
    const body: Execute = (scope, out) => {
      // What follows `extends` is done, but not shown.
      for (const statement of statements) statement(scope, scope.context.parent ? [] : out);
    };
    const blocks = new Map<string, Execute>();
    for (const [name, block] of tree.blocks) blocks.set(name, this.located(this.hard(block.body)));
    return { name: this.name, tree, body: this.located(body), blocks };
  }

  /** Says of an error where it happened. */
  private located(execute: Execute): Execute {
    return (scope, out) => {
      const { context } = scope;
      const { line } = context;
      try {
        deeper(() => execute(scope, out));
      } catch (error) {
        throw toJinjaError(error).at(this.name, context.line);
      }
      context.line = line;
    };
  }

  private body(nodes: Statement[]): Execute {
    const statements = nodes.map((node) => this.statement(node));
    return (scope, out) => {
      for (const statement of statements) statement(scope, out);
    };
  }

  /** A body that may or may not be reached. */
  private soft = (nodes: Statement[]): Execute => this.softly(true, () => this.body(nodes));
  /** A body with names of its own. */
  private hard = (nodes: Statement[]): Execute => this.softly(false, () => this.body(nodes));

  private statement(node: Statement): Execute {
    const execute = this.bare(node);
    const { line } = node;
    return (scope, out) => {
      scope.context.line = line;
      execute(scope, out);
    };
  }

  private bare(node: Statement): Execute {
    switch (node.kind) {
      case 'output':
        return this.output(node.parts);
      case 'for':
        return this.for(node);
      case 'if':
        return this.if(node);
      case 'set': {
        const [assign, value] = [assigner(node.target), this.expression(node.value)];
        return (scope) => assign(scope, value(scope));
      }
      case 'setBlock': {
        const assign = assigner(node.target);
        const text = this.enclosed(this.hard(node.body));
        const value = node.filter ? this.filterChain(node.filter, text) : text;
        return (scope) => assign(scope, value(scope));
      }
      case 'filter': {
        const value = this.filterChain(node.filter, this.enclosed(this.hard(node.body)));
        return (scope, out) => write(out, str(value(scope)));
      }
      case 'with': {
        const values = node.values.map(
          ([target, value]) => [assigner(target), this.expression(value)] as const,
        );
        const body = this.hard(node.body);
        return (scope, out) => {
          const inner = scope.inner();
          for (const [assign, value] of values) assign(inner, value(scope));
          body(inner, out);
        };
      }
      case 'autoescape': {
        const was = this.autoescape;
        this.autoescape = node.value;
        const body = this.hard(node.body);
        this.autoescape = was;
        return (scope, out) => body(scope.inner(), out);
      }
      case 'macro': {
        const macro = this.macro(node.macro);
        return (scope) => void scope.variables.set(node.macro.name, macro(scope));
      }
      case 'call':
        return this.call(node);
      case 'block':
        return this.block(node);
      case 'extends':
        return this.extends(node);
      case 'include':
        return this.include(node);
      case 'import': {
        const module = this.module(node.template, node.withContext);
        return (scope) => void scope.variables.set(node.name, module(scope));
      }
      case 'from':
        return this.from(node);
    }
  }

  private output(nodes: (string | Expression)[]): Execute {
    const parts = nodes.map((part) => (typeof part === 'string' ? part : this.expression(part)));
    const print = this.autoescape ? escaped : str;
    return (scope, out) => {
      for (const part of parts) write(out, typeof part === 'string' ? part : print(part(scope)));
    };
  }

  private for(node: Node<'for'>): Execute {
    const [over, assign] = [this.expression(node.over), assigner(node.target)];
    const test = node.test && this.expression(node.test);
    const [body, otherwise] = [this.hard(node.body), this.hard(node.otherwise)];
    const { line } = node;
    const { autoescape } = this;

    const loopOver = (value: Value, depth: number, scope: Scope, out: string[]): void => {
      const all = collect(value);
      const items = test
        ? all.filter((item) => {
            const inner = scope.inner();
            assign(inner, item);
            return isTrue(test(inner));
          })
        : all;
      const recurse = (more: Value, deeper: number): Value => {
        const text: string[] = [];
        loopOver(more, deeper, scope, text);
        return asValue(text, autoescape);
      };
      const loop = new Loop(items, depth, node.recursive ? recurse : undefined);
      for (; loop.index < items.length; loop.index++) {
        spend(1);
        scope.context.line = line;
        const inner = scope.inner();
        inner.variables.set('loop', loop);
        assign(inner, items[loop.index]!);
        body(inner, out);
      }
      if (items.length === 0) otherwise(scope.inner(), out);
    };
    return (scope, out) => loopOver(over(scope), 0, scope, out);
  }

  private if({ branches, otherwise }: Node<'if'>): Execute {
    const choices = branches.map(({ test, body }) =>
      this.softly(true, () => ({ test: this.expression(test), body: this.body(body) })),
    );
    const last = this.soft(otherwise);
    return (scope, out) => {
      const choice = choices.find(({ test }) => isTrue(test(scope)));
      (choice?.body ?? last)(scope, out);
    };
  }

  /** What a body makes, as a value. */
  private enclosed(body: Execute): Evaluate {
    const { autoescape } = this;
    return (scope) => {
      const text: string[] = [];
      body(scope.inner(), text);
      return asValue(text, autoescape);
    };
  }

  private macro({ name, parameters, body }: Routine): (scope: Scope) => Macro {
    const names = parameters.map((parameter) => parameter.name);
    const defaults = parameters.map(({ byDefault }) => byDefault && this.expression(byDefault));
    const execute = this.located(this.hard(body));
    const uses = (special: string) => mentions(body, special) && !names.includes(special);
    const [usesCaller, usesRest, usesOthers] = [uses('caller'), uses('varargs'), uses('kwargs')];
    const { autoescape } = this;
    const wanted = { macro: name, names, defaults, usesCaller, usesRest, usesOthers };

    return (scope) =>
      new Macro(name, names, (args, kwargs) => {
        spend(1);
        const inner = scope.inner();
        bindArguments(inner, wanted, args, kwargs);
        const text: string[] = [];
        execute(inner, text);
        return asValue(text, autoescape);
      });
  }

  private call(node: Node<'call'>): Execute {
    if (node.call.kind !== 'call') return fail('TemplateSyntaxError', 'expected call');
    const [of, given] = [this.expression(node.call.of), this.arguments(node.call.args)];
    const caller = this.macro(node.caller);
    return (scope, out) => {
      const callee = of(scope);
      if (callee instanceof Undefined) return callee.refuse();
      const { args, kwargs } = given(scope);
      return write(out, str(call(callee, args, new Map(kwargs).set('caller', caller(scope)))));
    };
  }

  private block({ name, scoped, required }: Node<'block'>): Execute {
    return (scope, out) => {
      const { context } = scope;
      if (context.parent) return; // it is the parent that shows it
      if (required && context.blocks.get(name)!.length <= 1) {
        fail('TemplateRuntimeError', `Required block '${name}' not found`);
      }
      runBlock(context, name, 0, scoped ? scope : scope.top, out);
    };
  }

  private extends(node: Node<'extends'>): Execute {
    const parent = this.expression(node.parent);
    return (scope) => {
      const { context } = scope;
      if (context.parent) fail('TemplateRuntimeError', 'extended multiple times');
      context.parent = load(scope, parent(scope));
    };
  }

  private include({ template, ...how }: Node<'include'>): Execute {
    const names = this.expression(template);
    return (scope, out) => include(scope, names(scope), how, out);
  }

  private module(template: Expression, withContext: boolean): (scope: Scope) => Module {
    const name = this.expression(template);
    return (scope) => importModule(scope, name(scope), withContext);
  }

  private from({ template, names, withContext }: Node<'from'>): Execute {
    const module = this.module(template, withContext);
    return (scope) => {
      const { name: from, exported } = module(scope);
      for (const [name, as] of names) {
        const complaint = `the template '${from}' does not export the requested name '${name}'`;
        const value = exported.get(name);
        scope.variables.set(as, value === undefined ? new Undefined(complaint) : value);
      }
    };
  }
}

function asValue(parts: readonly string[], autoescape: boolean): Value {
  const text = parts.join('');
  return autoescape ? new Markup(text) : text;
}

function write(out: string[], text: string): void {
  spendOnText(text.length);
  out.push(text);
}
