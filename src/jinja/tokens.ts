import { JinjaError } from './errors.js';
import { type Token, type TokenType, tokenize } from './lexer.js';

/** The tokens of a template, taken one by one. */
export class Tokens {
  private readonly tokens: Token[];
  private at = 0;

  constructor(source: string) {
    this.tokens = tokenize(source);
  }

  get current(): Token {
    return this.tokens[this.at]!;
  }
  get following(): Token {
    return this.tokens[this.at + 1] ?? this.current;
  }
  next(): Token {
    const token = this.current;
    if (token.type !== 'eof') this.at++;
    return token;
  }
  is(type: TokenType, ...texts: string[]): boolean {
    const { current } = this;
    return current.type === type && (texts.length === 0 || texts.includes(current.text));
  }
  skip(type: TokenType, text: string): boolean {
    const found = this.is(type, text);
    if (found) this.next();
    return found;
  }
  expect(type: TokenType, text?: string): Token {
    if (text === undefined ? this.is(type) : this.is(type, text)) return this.next();
    const wanted = text ?? describeType(type);
    if (this.current.type === 'eof') return this.fail(`unexpected end of template, expected '${wanted}'.`);
    return this.fail(`expected token '${wanted}', got '${describe(this.current)}'`);
  }
  fail(message: string, line = this.current.line): never {
    throw new JinjaError('TemplateSyntaxError', message).at('', line);
  }
}

const WORDS: Partial<Record<TokenType, string>> = {
  data: 'template data / text',
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  eof: 'end of template',
};

const describeType = (type: TokenType) => WORDS[type] ?? type;

export const describe = ({ type, text }: Token): string => WORDS[type] ?? text;
