import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { command } from '../../support/command.js';

/** The help of a command and of those below it, as it is printed at a width of 100. */
function helpTexts(of: Command): string[] {
  of.configureHelp({ helpWidth: 100 });
  const own = of.helpInformation().trimEnd();
  const below = of.commands.filter((one) => one.name() !== 'help' && one.name() !== 'complete');
  return [own, ...below.flatMap(helpTexts)];
}

it('is on the page of the command line as it is printed', () => {
  const page = readFileSync(new URL('../../../docs/command-line.md', import.meta.url), 'utf8');
  for (const text of helpTexts(createProgram())) expect(page).toContain(`\`\`\`\n${text}\n\`\`\``);
});

it('is told without a database, and nothing but it is on stdout', async () => {
  const { code, out, err } = await command(['--help'], {});
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^Usage: margrave /);
  expect(await command(['--version'], {})).toMatchObject({ code: 0, out: expect.stringMatching(/^\d/) });
});
