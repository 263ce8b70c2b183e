import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { jinjaContext, jinjaEnvironment } from '../../test/support/jinja.js';
import type { JinjaError } from './errors.js';

interface Row {
  template: string;
  expected?: string;
  /** The name of Python's exception. */
  error?: string;
  /** Where Jinja finds the fault of a wrong template. */
  line?: number;
}

const golden = new URL('../../test/golden/jinja/expressions.json', import.meta.url);
const rows = JSON.parse(readFileSync(golden, 'utf8')) as Row[];

it.each(rows.map((row) => [row.template, row] as const))('%j', (template, row) => {
  const environment = jinjaEnvironment({ t: template });
  let text: string | undefined;
  let error: JinjaError | undefined;
  try {
    text = environment.render('t', jinjaContext());
  } catch (caught) {
    error = caught as JinjaError;
  }
  expect({ text, error: error?.kind, ...(row.line && { line: error?.line }) }).toEqual({
    text: row.expected,
    error: row.error,
    ...(row.line && { line: row.line }),
  });
});
