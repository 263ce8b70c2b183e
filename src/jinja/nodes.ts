import type { BinaryOperator, Comparison } from './operators.js';
import type { Value } from './values.js';

export interface Arguments {
  positional: Expression[];
  named: [string, Expression][];
  spread?: Expression;
  spreadNamed?: Expression;
}

export type Expression =
  | { kind: 'constant'; value: Value }
  | { kind: 'name'; name: string }
  | { kind: 'list' | 'tuple' | 'concatenation'; items: Expression[] }
  | { kind: 'dict'; entries: [Expression, Expression][] }
  | { kind: 'attribute'; of: Expression; name: string }
  | { kind: 'item'; of: Expression; key: Expression }
  | { kind: 'slice'; of: Expression; bounds: (Expression | undefined)[] }
  | { kind: 'call'; of: Expression; args: Arguments }
  /** `of` is missing where the filter works on what a statement encloses. */
  | { kind: 'filter'; name: string; of: Expression | undefined; args: Arguments; line: number }
  | { kind: 'test'; name: string; of: Expression; args: Arguments; line: number }
  | { kind: 'unary'; operator: '-' | '+' | 'not'; of: Expression }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression }
  | { kind: 'logical'; operator: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'comparison'; first: Expression; others: [Comparison, Expression][] }
  | { kind: 'conditional'; test: Expression; yes: Expression; no: Expression | undefined };

/** What may stand left of an `=`. */
export type Target =
  | { kind: 'name'; name: string }
  | { kind: 'tuple'; items: Target[] }
  | { kind: 'member'; of: string; name: string };

export interface Parameter {
  name: string;
  byDefault: Expression | undefined;
}

export interface Routine {
  name: string;
  parameters: Parameter[];
  body: Statement[];
}

export type Statement = { line: number } & (
  | { kind: 'output'; parts: (string | Expression)[] }
  | {
      kind: 'for';
      target: Target;
      over: Expression;
      test?: Expression;
      recursive: boolean;
      body: Statement[];
      otherwise: Statement[];
    }
  | { kind: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | { kind: 'set'; target: Target; value: Expression }
  | { kind: 'setBlock'; target: Target; filter: Expression | undefined; body: Statement[] }
  | { kind: 'with'; values: [Target, Expression][]; body: Statement[] }
  | { kind: 'filter'; filter: Expression; body: Statement[] }
  | { kind: 'autoescape'; value: boolean; body: Statement[] }
  | { kind: 'macro'; macro: Routine }
  | { kind: 'call'; call: Expression; caller: Routine }
  | { kind: 'block'; name: string; scoped: boolean; required: boolean; body: Statement[] }
  | { kind: 'extends'; parent: Expression }
  | { kind: 'include'; template: Expression; ignoreMissing: boolean; withContext: boolean }
  | { kind: 'import'; template: Expression; name: string; withContext: boolean }
  | { kind: 'from'; template: Expression; names: [string, string][]; withContext: boolean }
);

export interface TemplateTree {
  body: Statement[];
  blocks: Map<string, Extract<Statement, { kind: 'block' }>>;
}
