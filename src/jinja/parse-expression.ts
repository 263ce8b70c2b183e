import type { Arguments, Expression } from './nodes.js';
import type { BinaryOperator, Comparison } from './operators.js';
import { describe, type Tokens } from './tokens.js';
import type { Value } from './values.js';

const CONSTANTS = new Map<string, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];

export interface TupleRules {
  /** Whether `a if b else c` may stand in it without brackets. */
  conditional?: boolean;
  /** The word that ends it. */
  until?: string;
  inBrackets?: boolean;
}

/** Jinja's expressions, by recursive descent. Precedence as in Jinja, where `-2 ** 2` is 4. */
export class ExpressionParser {
  constructor(protected readonly tokens: Tokens) {}

  /** `a, b`, or what stands alone. */
  parseTuple({ conditional = true, until, inBrackets = false }: TupleRules = {}): Expression {
    const items: Expression[] = [];
    let isTuple = false;
    const isEnd = () =>
      this.tokens.is('variable_end') ||
      this.tokens.is('block_end') ||
      this.tokens.is('operator', ')') ||
      (until !== undefined && this.tokens.is('name', until));
    for (;;) {
      if (items.length > 0) this.tokens.expect('operator', ',');
      if (isEnd()) break;
      items.push(conditional ? this.parseExpression() : this.parseOr());
      if (!this.tokens.is('operator', ',')) break;
      isTuple = true;
    }
    if (!isTuple) {
      if (items.length > 0) return items[0]!;
      if (!inBrackets) this.tokens.fail(`Expected an expression, got '${describe(this.tokens.current)}'`);
    }
    return { kind: 'tuple', items };
  }

  parseExpression(): Expression {
    let yes = this.parseOr();
    while (this.tokens.skip('name', 'if')) {
      const test = this.parseOr();
      const no = this.tokens.skip('name', 'else') ? this.parseExpression() : undefined;
      yes = { kind: 'conditional', test, yes, no };
    }
    return yes;
  }

  protected parseOr(): Expression {
    let left = this.parseAnd();
    while (this.tokens.skip('name', 'or')) {
      left = { kind: 'logical', operator: 'or', left, right: this.parseAnd() };
    }
    return left;
  }

  private parseAnd(): Expression {
    let left = this.parseNot();
    while (this.tokens.skip('name', 'and')) {
      left = { kind: 'logical', operator: 'and', left, right: this.parseNot() };
    }
    return left;
  }

  private parseNot(): Expression {
    if (this.tokens.skip('name', 'not')) return { kind: 'unary', operator: 'not', of: this.parseNot() };
    return this.parseComparison();
  }

  private parseComparison(): Expression {
    const first = this.parseSum();
    const others: [Comparison, Expression][] = [];
    for (;;) {
      if (this.tokens.is('operator', ...COMPARISONS)) {
        others.push([this.tokens.next().text as Comparison, this.parseSum()]);
      } else if (this.tokens.skip('name', 'in')) {
        others.push(['in', this.parseSum()]);
      } else if (this.tokens.is('name', 'not') && this.tokens.following.text === 'in') {
        this.tokens.next();
        this.tokens.next();
        others.push(['not in', this.parseSum()]);
      } else {
        return others.length === 0 ? first : { kind: 'comparison', first, others };
      }
    }
  }

  private readonly parseSum = () => this.parseBinary(['+', '-'], this.parseConcatenation);

  private readonly parseConcatenation = (): Expression => {
    const items = [this.parseProduct()];
    while (this.tokens.skip('operator', '~')) items.push(this.parseProduct());
    return items.length === 1 ? items[0]! : { kind: 'concatenation', items };
  };

  private readonly parseProduct = () => this.parseBinary(['*', '/', '//', '%'], this.parsePower);

  private readonly parsePower = () => this.parseBinary(['**'], () => this.parseUnary());

  private parseBinary(operators: BinaryOperator[], parse: () => Expression): Expression {
    let left = parse();
    while (this.tokens.is('operator', ...operators)) {
      const operator = this.tokens.next().text as BinaryOperator;
      left = { kind: 'binary', operator, left, right: parse() };
    }
    return left;
  }

  private parseUnary(withFilters = true): Expression {
    const isSigned = this.tokens.is('operator', '-', '+');
    const bare: Expression = isSigned
      ? { kind: 'unary', operator: this.tokens.next().text as '-' | '+', of: this.parseUnary(false) }
      : this.parsePrimary();
    const node = this.parsePostfix(bare);
    return withFilters ? this.parseFilters(node) : node;
  }

  private parsePrimary(): Expression {
    const { tokens } = this;
    const token = tokens.current;
    switch (token.type) {
      case 'name': {
        tokens.next();
        const value = CONSTANTS.get(token.text);
        return value === undefined ? { kind: 'name', name: token.text } : { kind: 'constant', value };
      }
      case 'string': {
        let text = '';
        while (tokens.is('string')) text += tokens.next().text;
        return { kind: 'constant', value: text };
      }
      case 'integer':
        return { kind: 'constant', value: BigInt(tokens.next().text.replaceAll('_', '')) };
      case 'float':
        return { kind: 'constant', value: Number(tokens.next().text.replaceAll('_', '')) };
      default:
        if (tokens.skip('operator', '(')) {
          const inside = this.parseTuple({ inBrackets: true });
          tokens.expect('operator', ')');
          return inside;
        }
        if (tokens.skip('operator', '[')) {
          return { kind: 'list', items: this.parseUntil(']', () => this.parseExpression()) };
        }
        if (tokens.skip('operator', '{')) {
          const entry = (): [Expression, Expression] => {
            const key = this.parseExpression();
            tokens.expect('operator', ':');
            return [key, this.parseExpression()];
          };
          return { kind: 'dict', entries: this.parseUntil('}', entry) };
        }
        return tokens.fail(`unexpected '${describe(token)}'`);
    }
  }

  private parseUntil<T>(end: string, parse: () => T): T[] {
    const items: T[] = [];
    while (!this.tokens.is('operator', end)) {
      if (items.length > 0) {
        this.tokens.expect('operator', ',');
        if (this.tokens.is('operator', end)) break;
      }
      items.push(parse());
    }
    this.tokens.expect('operator', end);
    return items;
  }

  protected parsePostfix(of: Expression): Expression {
    let node = of;
    for (;;) {
      if (this.tokens.skip('operator', '.')) node = this.parseDot(node);
      else if (this.tokens.skip('operator', '[')) node = this.parseSubscript(node);
      else if (this.tokens.is('operator', '('))
        node = { kind: 'call', of: node, args: this.parseArguments() };
      else return node;
    }
  }

  private parseDot(of: Expression): Expression {
    const token = this.tokens.next();
    if (token.type === 'name') return { kind: 'attribute', of, name: token.text };
    if (token.type !== 'integer') return this.tokens.fail('expected name or number', token.line);
    return { kind: 'item', of, key: { kind: 'constant', value: BigInt(token.text) } };
  }

  private parseSubscript(of: Expression): Expression {
    const keys = this.parseUntil(']', () => this.parseSubscribed(of));
    if (keys.length === 0) this.tokens.fail('Expected an expression');
    const [key] = keys;
    if (keys.length === 1 && key!.kind === 'slice') return key!;
    return { kind: 'item', of, key: keys.length === 1 ? key! : { kind: 'tuple', items: keys } };
  }

  private parseSubscribed(of: Expression): Expression {
    const bounds: (Expression | undefined)[] = [undefined];
    const isBound = () => !this.tokens.is('operator', ':', ']', ',');
    if (isBound()) bounds[0] = this.parseExpression();
    if (!this.tokens.is('operator', ':')) return bounds[0]!;
    while (bounds.length < 3 && this.tokens.skip('operator', ':')) {
      bounds.push(isBound() ? this.parseExpression() : undefined);
    }
    return { kind: 'slice', of, bounds };
  }

  /** Filters and tests, and calls of what they give. */
  private parseFilters(of: Expression): Expression {
    let node = of;
    for (;;) {
      if (this.tokens.is('operator', '|')) node = this.parseFilter(node);
      else if (this.tokens.is('name', 'is')) node = this.parseTest(node);
      else if (this.tokens.is('operator', '('))
        node = { kind: 'call', of: node, args: this.parseArguments() };
      else return node;
    }
  }

  /** One filter or more behind `of`. */
  protected parseFilter(of: Expression | undefined): Expression {
    let node = of;
    while (this.tokens.skip('operator', '|')) node = this.parseFilterName(node);
    return node!;
  }

  protected parseFilterName(of: Expression | undefined): Expression {
    const { line } = this.tokens.current;
    const name = this.parseDotted();
    const args = this.tokens.is('operator', '(') ? this.parseArguments() : { positional: [], named: [] };
    return { kind: 'filter', name, of, args, line };
  }

  private parseDotted(): string {
    let name = this.tokens.expect('name').text;
    while (this.tokens.skip('operator', '.')) name += `.${this.tokens.expect('name').text}`;
    return name;
  }

  private parseTest(of: Expression): Expression {
    const { tokens } = this;
    const { line } = tokens.next();
    const isNegated = tokens.skip('name', 'not');
    const name = this.parseDotted();
    let args: Arguments = { positional: [], named: [] };
    if (tokens.is('operator', '(')) {
      args = this.parseArguments();
    } else if (
      (['name', 'string', 'integer', 'float'].includes(tokens.current.type) ||
        tokens.is('operator', '[', '{')) &&
      !tokens.is('name', 'else', 'or', 'and')
    ) {
      if (tokens.is('name', 'is')) tokens.fail('You cannot chain multiple tests with is');
      args = { positional: [this.parsePostfix(this.parsePrimary())], named: [] };
    }
    const test: Expression = { kind: 'test', name, of, args, line };
    return isNegated ? { kind: 'unary', operator: 'not', of: test } : test;
  }

  protected parseArguments(): Arguments {
    const { tokens } = this;
    const args: Arguments = { positional: [], named: [] };
    tokens.expect('operator', '(');
    this.parseUntil(')', () => {
      const isNamed =
        tokens.is('name') && tokens.following.text === '=' && tokens.following.type === 'operator';
      if (tokens.skip('operator', '*')) {
        if (args.spread || args.spreadNamed) tokens.fail('invalid syntax for function call expression');
        args.spread = this.parseExpression();
      } else if (tokens.skip('operator', '**')) {
        if (args.spreadNamed) tokens.fail('invalid syntax for function call expression');
        args.spreadNamed = this.parseExpression();
      } else if (isNamed) {
        if (args.spreadNamed) tokens.fail('invalid syntax for function call expression');
        const { text } = tokens.next();
        tokens.next();
        args.named.push([text, this.parseExpression()]);
      } else {
        if (args.named.length > 0 || args.spread || args.spreadNamed) {
          tokens.fail('invalid syntax for function call expression');
        }
        args.positional.push(this.parseExpression());
      }
    });
    return args;
  }
}
