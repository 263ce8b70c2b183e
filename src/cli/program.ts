import { Command } from 'commander';
import { ownVersion } from '../shared/own-version.js';
import { addAdminCommands } from './commands/admin.js';
import { addCompleteCommand, addCompletionCommands } from './commands/completion.js';
import { addConfigCommands } from './commands/config.js';
import { addImportCommand } from './commands/import.js';
import { addNodeCommands } from './commands/node.js';
import { addSettingsCommand } from './commands/settings.js';
import { addStatusCommand } from './commands/status.js';
import { addSubscriptionCommands } from './commands/subscription.js';
import { addUserCommands } from './commands/user.js';
import { DONE, outcomeOf } from './failures.js';
import { complain } from './output.js';

/** The whole command line. Only what tells what there is is loaded for it; the services are when a command needs them. */
export function createProgram({ completes } = { completes: true }): Command {
  const program = new Command('margrave')
    .description('Control plane for Xray proxy fleets: the command line.')
    .version(ownVersion(), '-V, --version')
    .helpOption('-h, --help', 'this text')
    .showSuggestionAfterError()
    .exitOverride();
  addAdminCommands(program);
  addUserCommands(program);
  addSubscriptionCommands(program);
  addConfigCommands(program);
  addNodeCommands(program);
  addImportCommand(program);
  addStatusCommand(program);
  addSettingsCommand(program);
  addCompletionCommands(program);
  if (completes) addCompleteCommand(program, () => createProgram({ completes: false }));
  return program;
}

/** Does what the words say; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(words.map(longOption), { from: 'user' });
    return DONE;
  } catch (error) {
    const { exitCode, sentence } = outcomeOf(error);
    if (sentence !== undefined) complain(sentence);
    return exitCode;
  }
}

/** Marzban's short options of two letters, which commander does not know. */
function longOption(word: string): string {
  const [, name, value = ''] = /^-(tg|dc)(=.*)?$/s.exec(word) ?? [];
  return name === undefined ? word : (name === 'tg' ? '--telegram-id' : '--discord-webhook') + value;
}
