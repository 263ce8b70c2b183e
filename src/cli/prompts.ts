import { CommandFailed, WrongUsage } from './failures.js';
import { readStdin } from './files.js';

/** Questions are no part of the answer. */
const output = process.stderr;

/** A line of text for what an option left open. @throws WrongUsage naming the option where nobody can be asked */
export async function askText(message: string, option: string, initialValue?: string): Promise<string> {
  requireTerminal(option);
  const { text } = await import('@clack/prompts');
  return answered(await text({ message, initialValue, output }));
}

/** A truth, the same way. */
export async function askTruth(message: string, option: string, initialValue: boolean): Promise<boolean> {
  requireTerminal(option);
  const { confirm } = await import('@clack/prompts');
  return answered(await confirm({ message, initialValue, output }));
}

/** A new password, typed twice and not shown. Empty only where that means something. */
export async function askPassword(message: string, option: string, mayBeEmpty = false): Promise<string> {
  requireTerminal(option);
  const { password } = await import('@clack/prompts');
  const validate = (text: string | undefined) => (text || mayBeEmpty ? undefined : 'It must not be empty.');
  const first = answered(await password({ message, validate, output })) ?? '';
  if (first === '') return '';
  const again = answered(await password({ message: `${message}, again`, output }));
  if (again !== first) throw new CommandFailed('The two passwords are not the same.');
  return first;
}

/** Goes on only after a yes. @throws CommandFailed with `Aborted`, WrongUsage naming --yes where nobody can be asked */
export async function requireYes(yes: boolean | undefined, message: string): Promise<void> {
  if (yes) return;
  if (!(await askTruth(message, '--yes', false))) throw aborted();
}

/** The first line of stdin, for scripts. */
export async function passwordFromStdin(): Promise<string> {
  if (process.stdin.isTTY) throw new WrongUsage('--password-stdin reads a pipe or a file, not the terminal.');
  const [line = ''] = (await readStdin()).toString('utf8').split(/\r?\n/, 1);
  if (line === '') throw new WrongUsage('--password-stdin found no password.');
  return line;
}

function requireTerminal(option: string): void {
  if (process.stdin.isTTY && output.isTTY) return;
  throw new WrongUsage(`There is no terminal to ask at: give ${option}.`);
}

function answered<T>(value: T): Exclude<T, symbol> {
  if (typeof value === 'symbol') throw aborted();
  return value as Exclude<T, symbol>;
}

const aborted = () => new CommandFailed('Aborted.');
