import type { Command } from 'commander';
import { WrongSettings } from '../failures.js';
import { answer, type JsonOption, remark, table } from '../output.js';
import { jsonOption } from './values.js';

export function addSettingsCommand(program: Command): void {
  program
    .command('settings')
    .description('each setting, what counts for it, and where that is said; secrets are hidden')
    .option('--changed', 'only those that are set')
    .addOption(jsonOption())
    .action(showSettings);
}

/** Needs no database: who has a fault in the settings has none that could be reached. */
async function showSettings({ json, changed }: JsonOption & { changed?: boolean }): Promise<void> {
  const { loadSettings } = await import('../../config/environment.js');
  const { settings, problems, remarks } = loadSettings();
  const shown = changed ? settings.filter(({ source }) => source !== 'default') : settings;
  const value = shown.map(({ isSecret, ...setting }) => ({ ...setting, secret: isSecret }));
  await answer(json, value, () =>
    table(
      ['Setting', 'Value', 'Source'],
      shown.map(({ name, value, source }) => [name, value, source]),
    ),
  );
  for (const line of remarks) remark(line);
  if (problems.length > 0) throw new WrongSettings(problems);
}
