import { type Command, Option } from 'commander';
import type { ClientType } from '../../features/subscription/index.js';
import { writeSecretly } from '../files.js';
import { answer, answerDone, type JsonOption } from '../output.js';
import { askText } from '../prompts.js';
import { withServices } from '../with-services.js';
import { getUser } from './user.js';
import { jsonOption } from './values.js';

/** Said here so that `--help` need not load them; a test compares them. */
export const FORMATS = [
  'v2ray',
  'v2ray-json',
  'clash',
  'clash-meta',
  'sing-box',
  'outline',
] as const satisfies ClientType[];

export function addSubscriptionCommands(program: Command): void {
  const subscription = program
    .command('subscription')
    .description("customers' links, and what client applications get by them");
  subscription
    .command('get-link')
    .description('the subscription link of a customer')
    .option('-u, --username <name>', 'whose')
    .addOption(jsonOption())
    .action(getLink);
  subscription
    .command('get-config')
    .description('what a client application gets of a customer, with its credentials')
    .option('-u, --username <name>', 'whose')
    .addOption(
      new Option('-f, --format <format>', 'for which applications').choices(FORMATS).default('v2ray'),
    )
    .option('-o, --output <file>', 'write it there, readable by you alone')
    .option('--base64', 'in Base64, as applications get links')
    .addOption(jsonOption())
    .action(getConfig);
}

interface LinkOptions extends JsonOption {
  username?: string;
}

interface ConfigOptions extends LinkOptions {
  format: ClientType;
  output?: string;
  base64?: boolean;
}

async function getLink({ json, ...options }: LinkOptions): Promise<void> {
  const username = options.username ?? (await askText('Username', '--username'));
  await withServices({ writes: false }, async (services) => {
    const user = await getUser(services, username);
    const { subscription_url } = services.presenter.forAdmin(user, null);
    await answer(json, { username, subscription_url }, () => subscription_url);
  });
}

async function getConfig({ json, format, output, base64, ...options }: ConfigOptions): Promise<void> {
  const username = options.username ?? (await askText('Username', '--username'));
  await withServices({ writes: false }, async (services) => {
    const user = await getUser(services, username);
    const text = services.subscriptions.writeFor(user, format, services.clock.now());
    const config = base64 ? Buffer.from(text).toString('base64') : text;
    if (output === undefined) return answer(json, { username, format, config }, () => config);
    await writeSecretly(output, `${config}\n`);
    const words = `${username}'s configuration was written to ${output}.`;
    await answerDone(json, { username, format, output }, words);
  });
}
