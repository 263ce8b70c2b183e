import type { Expression, Parameter, Routine, Statement, Target, TemplateTree } from './nodes.js';
import { ExpressionParser } from './parse-expression.js';
import { Tokens } from './tokens.js';

type Block = Extract<Statement, { kind: 'block' }>;
const RESERVED = ['true', 'false', 'none', 'True', 'False', 'None'];

/** The tree of a template. Throws a `TemplateSyntaxError` with its line. */
export function parseTemplate(source: string): TemplateTree {
  return new Parser(new Tokens(source)).parse();
}

class Parser extends ExpressionParser {
  private readonly blocks = new Map<string, Block>();

  parse(): TemplateTree {
    const body = this.parseBody([]);
    return { body, blocks: this.blocks };
  }

  /** Statements up to one of the words, which is left to the caller; up to the end without words. */
  private parseBody(until: readonly string[]): Statement[] {
    const { tokens } = this;
    const body: Statement[] = [];
    const output = (part: string | Expression, line: number) => {
      const last = body.at(-1);
      if (last?.kind === 'output') last.parts.push(part);
      else body.push({ kind: 'output', parts: [part], line });
    };
    for (;;) {
      const token = tokens.next();
      if (token.type === 'data') {
        output(token.text, token.line);
      } else if (token.type === 'variable_begin') {
        // Its own statement, so that an error in it has its own line.
        const parts: Expression[] = [this.parseTuple()];
        tokens.expect('variable_end');
        body.push({ kind: 'output', parts, line: token.line });
      } else if (token.type === 'block_begin') {
        if (tokens.is('name', ...until) && until.length > 0) return body;
        body.push(...this.parseStatement());
        tokens.expect('block_end');
      } else {
        if (until.length > 0) {
          tokens.fail(
            `Unexpected end of template. Jinja was looking for the following tags: ${named(until)}.`,
          );
        }
        return body;
      }
    }
  }

  /** The body of a statement whose head was read, and the word that ended it. */
  private parseInside(...until: string[]): { body: Statement[]; end: string } {
    this.tokens.skip('operator', ':');
    this.tokens.expect('block_end');
    const body = this.parseBody(until);
    return { body, end: this.tokens.next().text };
  }

  private parseStatement(): Statement[] {
    const token = this.tokens.current;
    if (token.type !== 'name') this.tokens.fail('tag name expected');
    const { line } = this.tokens.next();
    const one = (statement: Statement) => [statement];
    switch (token.text) {
      case 'for':
        return one(this.parseFor(line));
      case 'if':
        return one(this.parseIf(line));
      case 'set':
        return one(this.parseSet(line));
      case 'with':
        return one(this.parseWith(line));
      case 'block':
        return one(this.parseBlock(line));
      case 'macro': {
        const name = this.parseName();
        return one({ kind: 'macro', macro: this.parseRoutine(name, 'endmacro'), line });
      }
      case 'call':
        return one(this.parseCall(line));
      case 'filter': {
        // The first one stands without its `|`.
        const filter = this.parseFilter(this.parseFilterName(undefined));
        return one({ kind: 'filter', filter, body: this.parseInside('endfilter').body, line });
      }
      case 'autoescape': {
        const value = this.parseExpression();
        if (value.kind !== 'constant') this.tokens.fail('autoescape takes true or false only', line);
        const isOn = value.kind === 'constant' && value.value === true;
        return one({ kind: 'autoescape', value: isOn, body: this.parseInside('endautoescape').body, line });
      }
      case 'print':
        return one({ kind: 'output', parts: this.parsePrinted(), line });
      case 'extends':
        return one({ kind: 'extends', parent: this.parseExpression(), line });
      case 'include':
        return one(this.parseInclude(line));
      case 'import':
        return one(this.parseImport(line));
      case 'from':
        return one(this.parseFrom(line));
      default:
        return this.tokens.fail(`Encountered unknown tag '${token.text}'.`, line);
    }
  }

  private parseName(): string {
    const { text, line } = this.tokens.expect('name');
    if (RESERVED.includes(text)) this.tokens.fail(`can't assign to '${text}'`, line);
    return text;
  }

  /** `until` is the word after it, which is no name. */
  private parseTarget(until?: string): Target {
    const items: Target[] = [];
    let isTuple = false;
    do {
      if (items.length > 0 && (this.tokens.is('block_end') || this.tokens.is('operator', ')', '='))) break;
      if (until !== undefined && this.tokens.is('name', until)) break;
      if (this.tokens.skip('operator', '(')) {
        const inner = this.parseTarget();
        items.push(inner);
        this.tokens.expect('operator', ')');
      } else {
        items.push({ kind: 'name', name: this.parseName() });
      }
      isTuple ||= this.tokens.is('operator', ',');
    } while (this.tokens.skip('operator', ','));
    return isTuple ? { kind: 'tuple', items } : items[0]!;
  }

  private parseFor(line: number): Statement {
    const target = this.parseTarget('in');
    this.tokens.expect('name', 'in');
    const over = this.parseTuple({ conditional: false, until: 'recursive' });
    const test = this.tokens.skip('name', 'if') ? this.parseExpression() : undefined;
    const recursive = this.tokens.skip('name', 'recursive');
    const { body, end } = this.parseInside('endfor', 'else');
    const otherwise = end === 'else' ? this.parseInside('endfor').body : [];
    return { kind: 'for', target, over, ...(test && { test }), recursive, body, otherwise, line };
  }

  private parseIf(line: number): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    for (;;) {
      const test = this.parseTuple({ conditional: false });
      const { body, end } = this.parseInside('elif', 'else', 'endif');
      branches.push({ test, body });
      if (end === 'endif') return { kind: 'if', branches, otherwise: [], line };
      if (end === 'else') return { kind: 'if', branches, otherwise: this.parseInside('endif').body, line };
    }
  }

  private parseSet(line: number): Statement {
    const isMember = this.tokens.following.type === 'operator' && this.tokens.following.text === '.';
    const target = isMember ? this.parseMember() : this.parseTarget();
    if (this.tokens.skip('operator', '=')) return { kind: 'set', target, value: this.parseTuple(), line };
    const filter = this.tokens.is('operator', '|') ? this.parseFilter(undefined) : undefined;
    return { kind: 'setBlock', target, filter, body: this.parseInside('endset').body, line };
  }

  private parseMember(): Target {
    const of = this.parseName();
    this.tokens.next();
    return { kind: 'member', of, name: this.tokens.expect('name').text };
  }

  private parseWith(line: number): Statement {
    const values: [Target, Expression][] = [];
    while (!this.tokens.is('block_end')) {
      if (values.length > 0) this.tokens.expect('operator', ',');
      const target: Target = { kind: 'name', name: this.parseName() };
      this.tokens.expect('operator', '=');
      values.push([target, this.parseExpression()]);
    }
    return { kind: 'with', values, body: this.parseInside('endwith').body, line };
  }

  private parseBlock(line: number): Statement {
    const name = this.parseName();
    if (this.blocks.has(name)) this.tokens.fail(`block '${name}' defined twice`, line);
    const scoped = this.tokens.skip('name', 'scoped');
    const required = this.tokens.skip('name', 'required');
    const block: Block = { kind: 'block', name, scoped, required, body: [], line };
    this.blocks.set(name, block); // before those inside of it
    block.body = this.parseInside('endblock').body;
    this.tokens.skip('name', name);
    return block;
  }

  private parseRoutine(name: string, end: string): Routine {
    const parameters: Parameter[] = [];
    if (end === 'endmacro' || this.tokens.is('operator', '(')) {
      this.tokens.expect('operator', '(');
      while (!this.tokens.is('operator', ')')) {
        if (parameters.length > 0) this.tokens.expect('operator', ',');
        const parameter = this.parseName();
        const byDefault = this.tokens.skip('operator', '=') ? this.parseExpression() : undefined;
        if (!byDefault && parameters.at(-1)?.byDefault) {
          this.tokens.fail('non-default argument follows default argument');
        }
        parameters.push({ name: parameter, byDefault });
      }
      this.tokens.expect('operator', ')');
    }
    return { name, parameters, body: end === 'endmacro' ? this.parseInside(end).body : [] };
  }

  private parseCall(line: number): Statement {
    const caller = this.parseRoutine('caller', 'endcall');
    const call = this.parseExpression();
    if (call.kind !== 'call') this.tokens.fail('expected call', line);
    caller.body = this.parseInside('endcall').body;
    return { kind: 'call', call, caller, line };
  }

  private parsePrinted(): Expression[] {
    const printed: Expression[] = [];
    while (!this.tokens.is('block_end')) {
      if (printed.length > 0) this.tokens.expect('operator', ',');
      printed.push(this.parseExpression());
    }
    return printed;
  }

  private parseInclude(line: number): Statement {
    const template = this.parseExpression();
    const ignoreMissing = this.tokens.is('name', 'ignore') && this.tokens.following.text === 'missing';
    if (ignoreMissing) {
      this.tokens.next();
      this.tokens.next();
    }
    return { kind: 'include', template, ignoreMissing, withContext: this.parseContext(true), line };
  }

  private parseContext(byDefault: boolean): boolean {
    const isSaid = this.tokens.is('name', 'with', 'without') && this.tokens.following.text === 'context';
    if (!isSaid) return byDefault;
    const { text } = this.tokens.next();
    this.tokens.next();
    return text === 'with';
  }

  private parseImport(line: number): Statement {
    const template = this.parseExpression();
    this.tokens.expect('name', 'as');
    const name = this.parseName();
    return { kind: 'import', template, name, withContext: this.parseContext(false), line };
  }

  private parseFrom(line: number): Statement {
    const { tokens } = this;
    const template = this.parseExpression();
    tokens.expect('name', 'import');
    const names: [string, string][] = [];
    const isContext = () => tokens.is('name', 'with', 'without') && tokens.following.text === 'context';
    do {
      if (isContext() || (names.length > 0 && tokens.is('block_end'))) break;
      const name = this.parseName();
      if (name.startsWith('_')) tokens.fail('names starting with an underline can not be imported');
      names.push([name, tokens.skip('name', 'as') ? this.parseName() : name]);
    } while (!isContext() && tokens.skip('operator', ','));
    return { kind: 'from', template, names, withContext: this.parseContext(false), line };
  }
}

const named = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' or ');
