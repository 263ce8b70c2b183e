/** The names of Python's and Jinja's exceptions that a template can cause. */
export type ErrorKind =
  | 'TemplateSyntaxError'
  | 'TemplateNotFound'
  | 'TemplateRuntimeError'
  | 'UndefinedError'
  | 'AttributeError'
  | 'TypeError'
  | 'ValueError'
  | 'KeyError'
  | 'IndexError'
  | 'ZeroDivisionError'
  | 'OverflowError'
  | 'RecursionError'
  | 'Exhausted';

/** What is wrong in a template. `line` counts from 1 in the file `template`, once both are known. */
export class JinjaError extends Error {
  template: string | undefined;
  line: number | undefined;

  constructor(
    readonly kind: ErrorKind,
    message: string,
  ) {
    super(message);
    this.name = kind;
  }

  /** Adds where it happened, unless that is known already. */
  at(template: string, line: number): this {
    if (this.template === undefined) [this.template, this.line] = [template, line];
    return this;
  }
}

export function fail(kind: ErrorKind, message: string): never {
  throw new JinjaError(kind, message);
}

/** Any error of rendering as one of ours: a template that calls itself for ever overflows the stack. */
export function toJinjaError(error: unknown): JinjaError {
  if (error instanceof JinjaError) return error;
  if (error instanceof Error && error.message.includes('call stack')) {
    return new JinjaError('RecursionError', 'maximum recursion depth exceeded');
  }
  throw error;
}
