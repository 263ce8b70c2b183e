import { basename } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { CommandFailed, WrongUsage } from '../failures.js';
import { say, sayDone } from '../output.js';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
type Shell = (typeof SHELLS)[number];

interface ShellOption {
  shell?: Shell;
}

export function addCompletionCommands(program: Command): void {
  const completion = program.command('completion').description('have your shell complete what you type');
  completion
    .command('show')
    .description('the script for a shell')
    .addOption(shellOption())
    .action(async ({ shell }: ShellOption) => say(await scriptFor(shell ?? (await ownShell()))));
  completion
    .command('install')
    .description('put the script where your shell finds it')
    .addOption(shellOption())
    .action(async ({ shell }: ShellOption) => install(shell ?? (await ownShell())));
}

/** What the scripts ask. `whole` makes the program of which it is told what there is. */
export function addCompleteCommand(program: Command, whole: () => Command): void {
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { default: read } = await import('@bomb.sh/tab/commander');
      read(whole(), { completionCommandName: 'script' }).parse(words);
    });
}

const shellOption = () => new Option('--shell <shell>', 'which; yours unless given').choices(SHELLS);

/** The library prints it. */
async function scriptFor(shell: Shell): Promise<string> {
  const { default: root } = await import('@bomb.sh/tab');
  const lines: string[] = [];
  const { log } = console;
  // oxlint-disable-next-line no-console -- where the library prints
  console.log = (text: string) => void lines.push(text);
  try {
    root.setup('margrave', 'margrave', shell);
  } finally {
    // oxlint-disable-next-line no-console -- as it was
    console.log = log;
  }
  return lines.join('\n');
}

async function install(shell: Shell): Promise<void> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const { homedir } = await import('node:os');
  const { dirname, join } = await import('node:path');
  const { systemReason } = await import('../../config/startup-error.js');
  const place = PLACES[shell];
  if (place === undefined) throw new CommandFailed(POWERSHELL_HINT);
  const path = join(homedir(), ...place.path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${await scriptFor(shell)}\n`);
  } catch (error) {
    throw new CommandFailed(`Cannot write ${path}: ${systemReason(error)}.`);
  }
  sayDone(`The completion for ${shell} is in ${path}. ${place.hint}`);
}

const POWERSHELL_HINT =
  'PowerShell has no folder for it: add `margrave completion show --shell powershell | Out-String | Invoke-Expression` to $PROFILE.';

const PLACES: Partial<Record<Shell, { path: string[]; hint: string }>> = {
  bash: {
    path: ['.local', 'share', 'bash-completion', 'completions', 'margrave'],
    hint: 'Shells that are started from now on have it, where bash-completion is installed.',
  },
  zsh: {
    path: ['.zfunc', '_margrave'],
    hint: 'Have `fpath+=(~/.zfunc)` before `compinit` in ~/.zshrc.',
  },
  fish: {
    path: ['.config', 'fish', 'completions', 'margrave.fish'],
    hint: 'Shells that are started from now on have it.',
  },
};

async function ownShell(): Promise<Shell> {
  const { loginShell } = await import('../../config/environment.js');
  const name = basename(loginShell() ?? '');
  const shell = SHELLS.find((known) => known === name);
  if (shell) return shell;
  throw new WrongUsage(`Which shell? Give --shell with one of ${SHELLS.join(', ')}.`);
}
