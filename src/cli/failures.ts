import { CommanderError, InvalidArgumentError } from 'commander';
import { StartupError } from '../config/startup-error.js';
import { isDatabaseUnavailable } from '../shared/database/unavailable.js';
import { AppError, InvalidInput } from '../shared/domain/errors.js';

/** Refused or failed, as a sentence for whoever gave the command. */
export class CommandFailed extends Error {}

/** The command was not given as it must be. */
export class WrongUsage extends Error {}

/** Settings are not as they must be. */
export class WrongSettings extends CommandFailed {
  constructor(problems: readonly string[]) {
    super(problems.length === 1 ? `Setting ${problems[0]}` : ['Settings:', ...problems].join('\n  '));
  }
}

export const DONE = 0;
export const FAILED = 1;
export const MISUSED = 2;

/** What the process ends with, and what is said of it on stderr; undefined where it was said already. */
export function outcomeOf(error: unknown): { exitCode: number; sentence?: string } {
  // Typed at a prompt; of options commander says it itself.
  if (error instanceof InvalidArgumentError) return { exitCode: MISUSED, sentence: error.message };
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? DONE : MISUSED };
  if (error instanceof WrongUsage) return { exitCode: MISUSED, sentence: error.message };
  return { exitCode: FAILED, sentence: sentenceOf(error) };
}

function sentenceOf(error: unknown): string {
  if (error instanceof InvalidInput) {
    return error.issues
      .map(({ loc, msg }) => `${loc.at(-1)}: ${msg.replace(/^Value error, /, '')}`)
      .join('; ');
  }
  if (error instanceof CommandFailed || error instanceof StartupError || error instanceof AppError) {
    return error.message;
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  if (isDatabaseUnavailable(error)) return `The database went away: ${message}`;
  return stack ?? message; // a bug
}
