import { spend, spendOnText } from './budget.js';
import { Dict, Tuple } from './containers.js';
import { fail, JinjaError } from './errors.js';
import { call, getAttribute, getItem } from './lookup.js';
import type { Arguments, Expression } from './nodes.js';
import { calculate, compare, negate } from './operators.js';
import { Slice } from './subscript.js';
import type { Evaluate, Filter, FilterContext, Scope, Surroundings } from './runtime.js';
import { pairsOf } from './object-methods.js';
import { escaped, str, wantText } from './text.js';
import {
  collect,
  isTrue,
  type Kwargs,
  Markup,
  NO_KWARGS,
  textOf,
  Undefined,
  type Value,
  typeName,
} from './values.js';
import { isNumber } from './equality.js';

type EvaluateArguments = (scope: Scope) => { args: Value[]; kwargs: Kwargs };

const NO_ARGUMENTS: EvaluateArguments = () => ({ args: [], kwargs: NO_KWARGS });

/** Expressions as functions of the names they see. */
export class ExpressionCompiler {
  protected autoescape = false;
  /** Whether an unknown filter may wait until it is reached: within an `if`. */
  protected isSoft = false;

  constructor(protected readonly surroundings: Surroundings) {}

  expression(node: Expression): Evaluate {
    switch (node.kind) {
      case 'constant': {
        const { value } = node;
        return () => value;
      }
      case 'name': {
        const { name } = node;
        return (scope) => scope.find(name);
      }
      case 'list':
      case 'tuple': {
        const items = node.items.map((item) => this.expression(item));
        const list = (scope: Scope) => items.map((item) => item(scope));
        return node.kind === 'list' ? list : (scope) => new Tuple(list(scope));
      }
      case 'dict': {
        const entries = node.entries.map((entry) => entry.map((part) => this.expression(part)));
        return (scope) => new Dict(entries.map(([key, value]) => [key!(scope), value!(scope)] as const));
      }
      case 'concatenation':
        return this.concatenation(node.items);
      case 'attribute': {
        const { name } = node;
        const of = this.expression(node.of);
        return (scope) => getAttribute(of(scope), name);
      }
      case 'item': {
        const [of, key] = [this.expression(node.of), this.expression(node.key)];
        return (scope) => getItem(of(scope), key(scope));
      }
      case 'slice':
        return this.slice(node.of, node.bounds);
      case 'call': {
        const [of, given] = [this.expression(node.of), this.arguments(node.args)];
        return (scope) => {
          spend(1);
          const callee = of(scope);
          if (callee instanceof Undefined) return callee.refuse();
          const { args, kwargs } = given(scope);
          return call(callee, args, kwargs);
        };
      }
      case 'filter': {
        const of = node.of ? this.expression(node.of) : fail('TemplateSyntaxError', 'filter of nothing');
        return this.filter(node, of);
      }
      case 'test':
        return this.test(node);
      case 'unary': {
        const of = this.expression(node.of);
        if (node.operator === 'not') return (scope) => !isTrue(of(scope));
        return node.operator === '-' ? (scope) => negate(of(scope)) : (scope) => positive(of(scope));
      }
      case 'binary': {
        const { operator } = node;
        const [left, right] = [this.expression(node.left), this.expression(node.right)];
        return (scope) => calculate(operator, left(scope), right(scope));
      }
      case 'logical': {
        const [left, right] = [this.expression(node.left), this.expression(node.right)];
        const goesOn = node.operator === 'and';
        return (scope) => {
          const value = left(scope);
          return isTrue(value) === goesOn ? right(scope) : value;
        };
      }
      case 'comparison': {
        const first = this.expression(node.first);
        const others = node.others.map(([operator, other]) => ({ operator, other: this.expression(other) }));
        return (scope) => {
          let left = first(scope);
          for (const { operator, other } of others) {
            const right = other(scope);
            if (!compare(operator, left, right)) return false;
            left = right;
          }
          return true;
        };
      }
      case 'conditional':
        return this.conditional(node);
    }
  }

  /** Some work in which an unknown filter may wait until it is reached. */
  protected softly<R>(isSoft: boolean, work: () => R): R {
    const was = this.isSoft;
    this.isSoft = isSoft;
    try {
      return work();
    } finally {
      this.isSoft = was;
    }
  }

  private conditional(node: Extract<Expression, { kind: 'conditional' }>): Evaluate {
    return this.softly(true, () => {
      const [test, yes] = [this.expression(node.test), this.expression(node.yes)];
      const complaint = 'the inline if-expression evaluated to false and no else section was defined.';
      const no: Evaluate = node.no ? this.expression(node.no) : () => new Undefined(complaint);
      return (scope) => (isTrue(test(scope)) ? yes(scope) : no(scope));
    });
  }

  private concatenation(nodes: Expression[]): Evaluate {
    const items = nodes.map((item) => this.expression(item));
    const { autoescape } = this;
    return (scope) => {
      const values = items.map((item) => item(scope));
      const isMarkup = autoescape && values.some((value) => value instanceof Markup);
      const text = values.map(isMarkup ? escaped : str).join('');
      spendOnText(text.length);
      return isMarkup ? new Markup(text) : text;
    };
  }

  private slice(node: Expression, nodes: (Expression | undefined)[]): Evaluate {
    const of = this.expression(node);
    const bounds = nodes.map((bound) => (bound ? this.expression(bound) : () => null));
    return (scope) => {
      const value = of(scope);
      if (value instanceof Undefined) return value.refuse();
      const [start, stop, step] = bounds.map((bound) => bound(scope));
      const sliced = new Slice(start ?? null, stop ?? null, step ?? null).of(value);
      return sliced ?? new Undefined(`'${typeName(value)} object' has no element slice`);
    };
  }

  protected arguments({ positional, named, spread, spreadNamed }: Arguments): EvaluateArguments {
    if (positional.length === 0 && named.length === 0 && !spread && !spreadNamed) return NO_ARGUMENTS;
    const values = positional.map((argument) => this.expression(argument));
    const pairs = named.map(([name, argument]) => ({ name, value: this.expression(argument) }));
    const more = spread && this.expression(spread);
    const moreNamed = spreadNamed && this.expression(spreadNamed);
    return (scope) => {
      const args = values.map((value) => value(scope));
      if (more) args.push(...collect(more(scope)));
      if (pairs.length === 0 && !moreNamed) return { args, kwargs: NO_KWARGS };
      const kwargs = new Map(pairs.map(({ name, value }) => [name, value(scope)]));
      if (moreNamed) {
        for (const [name, value] of pairsOf(moreNamed(scope))) kwargs.set(wantText(name), value);
      }
      return { args, kwargs };
    };
  }

  /** The filter `node` on what `of` gives. */
  protected filter(node: Extract<Expression, { kind: 'filter' }>, of: Evaluate): Evaluate {
    const { context, run } = this.find('filter', node.name, node.line);
    const given = this.arguments(node.args);
    return (scope) => {
      const value = of(scope);
      spend(1 + (textOf(value)?.length ?? 0) / 64);
      const { args, kwargs } = given(scope);
      return run([value, ...args], kwargs, context);
    };
  }

  /** A filter in a statement, and those before it, on what the statement encloses. */
  protected filterChain(node: Expression, enclosed: Evaluate): Evaluate {
    if (node.kind !== 'filter') return this.expression(node);
    return this.filter(node, node.of ? this.filterChain(node.of, enclosed) : enclosed);
  }

  private test(node: Extract<Expression, { kind: 'test' }>): Evaluate {
    const { context, run } = this.find('test', node.name, node.line);
    const of = this.expression(node.of);
    const given = this.arguments(node.args);
    return (scope) => {
      spend(1);
      const value = of(scope);
      const { args, kwargs } = given(scope);
      return isTrue(run([value, ...args], kwargs, context));
    };
  }

  private find(kind: 'filter' | 'test', name: string, line: number): { context: FilterContext; run: Filter } {
    const { filters, tests } = this.surroundings;
    const known = kind === 'filter' ? filters : tests;
    const byName = (from: typeof known, what: string, wanted: string) =>
      from.get(wanted) ?? fail('TemplateRuntimeError', `No ${what} named '${wanted}'.`);
    const context: FilterContext = {
      autoescape: this.autoescape,
      filterNames: filters,
      testNames: tests,
      filter: (wanted, args, kwargs) => byName(filters, 'filter', wanted)(args, kwargs, context),
      test: (wanted, args, kwargs) => isTrue(byName(tests, 'test', wanted)(args, kwargs, context)),
    };
    const run = known.get(name);
    if (run) return { context, run };
    if (!this.isSoft) throw new JinjaError('TemplateSyntaxError', `No ${kind} named '${name}'.`).at('', line);
    return { context, run: () => fail('TemplateRuntimeError', `No ${kind} named '${name}' found.`) };
  }
}

function positive(value: Value): Value {
  if (value instanceof Undefined) return value.refuse();
  if (!isNumber(value)) return fail('TypeError', `bad operand type for unary +: '${typeName(value)}'`);
  return typeof value === 'number' ? value : BigInt(value);
}
