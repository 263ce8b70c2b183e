import type { Command } from 'commander';
import type { CoreConfig, CoreTrials } from '../../features/core/index.js';
import { CommandFailed } from '../failures.js';
import { readText } from '../files.js';
import { answerDone, type JsonOption, remark, say } from '../output.js';
import { requireYes } from '../prompts.js';
import { withServices } from '../with-services.js';
import { jsonOption } from './values.js';

const FILE = ['<file>', 'JSON, with comments or without; - for stdin'] as const;

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('the core config, which all nodes run');
  config
    .command('check')
    .description('try a core config out, by our rules and by those of the Xray of this machine')
    .argument(...FILE)
    .addOption(jsonOption())
    .action(checkConfig);
  config.command('show').description('the core config in force').addOption(jsonOption()).action(showConfig);
  config
    .command('apply')
    .description('make it the core config; nodes whose core it changes restart it')
    .argument(...FILE)
    .option('-y, --yes', 'without asking')
    .addOption(jsonOption())
    .action(applyConfig);
}

async function checkConfig(path: string, { json }: JsonOption): Promise<void> {
  const text = await readText(path);
  await withServices({ writes: false }, async ({ trials }) => {
    const { wanted, isTested } = await tryOut(trials, text);
    const by = isTested ? "accepted by this machine's Xray" : 'but there is no Xray here to ask';
    const words = `The core config is fine: ${wanted.inbounds.length} inbound(s) with users, ${by}.`;
    await answerDone(json, toValue(wanted, isTested), words);
  });
}

async function showConfig({ json }: JsonOption): Promise<void> {
  await withServices({ writes: false }, async ({ core }) => {
    const source = await core.source();
    if (json) return say(source);
    const { parse, stringify } = await import('lossless-json');
    say(stringify(parse(source), undefined, 2)!);
  });
}

async function applyConfig(path: string, { json, yes }: JsonOption & { yes?: boolean }): Promise<void> {
  const text = await readText(path);
  await withServices({ writes: true }, async ({ core, trials, by }) => {
    const { wanted, isTested } = await tryOut(trials, text);
    if (!isTested) remark('There is no Xray here to try it out: the nodes will.');
    await requireYes(yes, 'Make it the core config? Nodes whose core it changes restart it.');
    await core.adopt(by, wanted);
    await answerDone(json, toValue(wanted, isTested), 'The core config was applied.');
  });
}

/** By our rules, and by Xray's where there is one. @throws CommandFailed with what is against it */
async function tryOut(trials: CoreTrials, text: string): Promise<{ wanted: CoreConfig; isTested: boolean }> {
  const wanted = trials.read(text);
  const refusal = await trials.refusal(wanted);
  if (refusal !== undefined) throw new CommandFailed(refusal);
  return { wanted, isTested: trials.canAsk };
}

const toValue = ({ inbounds }: CoreConfig, isTested: boolean) => ({
  inbounds: inbounds.map(({ tag, protocol, port }) => ({ tag, protocol, port })),
  tested_by_xray: isTested,
});
