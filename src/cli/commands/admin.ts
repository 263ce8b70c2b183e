import { type Command, Option } from 'commander';
import type { Credentials } from '../../features/admins/index.js';
import { WrongUsage } from '../failures.js';
import { answer, answerDone, bytes, instant, type JsonOption, table } from '../output.js';
import { askPassword, askText, askTruth, passwordFromStdin, requireYes } from '../prompts.js';
import { withServices } from '../with-services.js';
import { jsonOption, telegramId, wholeNumber } from './values.js';

const YES = ['-y, --yes', 'without asking'] as const;

export function addAdminCommands(program: Command): void {
  const admin = program.command('admin').description('operators: list, create, change, delete');
  admin
    .command('list')
    .description('operators, and what their users used')
    .option('-o, --offset <number>', 'how many to skip', wholeNumber)
    .option('-l, --limit <number>', 'how many to show', wholeNumber)
    .option('-u, --username <text>', 'those with this in their names')
    .addOption(jsonOption())
    .action(listAdmins);
  admin
    .command('create')
    .description('add an operator; what is not given is asked for')
    .option('-u, --username <name>', 'its name')
    .option('--sudo', 'it may do everything')
    .option('--no-sudo', 'it has its own users only')
    .option('--telegram-id <id>', 'who is told of its users (-tg); 0 for nobody', telegramId)
    .option('--discord-webhook <url>', 'where its users are told of (-dc); 0 for nowhere')
    .option('--password-stdin', 'read the password from stdin')
    .addOption(passwordOption())
    .addOption(jsonOption())
    .addHelpText('after', PASSWORD_HELP)
    .action(createAdmin);
  admin
    .command('update')
    .description('change an operator; with the name alone each value is asked for')
    .option('-u, --username <name>', 'whom')
    .option('--sudo', 'it may do everything')
    .option('--no-sudo', 'it has its own users only')
    .option('--telegram-id <id>', 'who is told of its users (-tg); 0 for nobody', telegramId)
    .option('--discord-webhook <url>', 'where its users are told of (-dc); 0 for nowhere')
    .option('--password-stdin', 'read a new password from stdin')
    .addOption(passwordOption())
    .addOption(jsonOption())
    .addHelpText('after', PASSWORD_HELP)
    .action(updateAdmin);
  admin
    .command('delete')
    .description('delete an operator, sudo or not; its users stay without an owner')
    .option('-u, --username <name>', 'whom')
    .option(...YES)
    .addOption(jsonOption())
    .action(deleteAdmin);
  admin
    .command('import-from-env')
    .description(
      'keep the operator of SUDO_USERNAME and SUDO_PASSWORD, and give it all users without an owner',
    )
    .option(...YES)
    .addOption(jsonOption())
    .action(importFromEnvironment);
}

/** Whoever lists processes sees it, so it is for Marzban's scripts only. */
const passwordOption = () => new Option('--password <password>').hideHelp();

const PASSWORD_HELP = `
The password is that of --password-stdin, else of MARGRAVE_ADMIN_PASSWORD (or MARZBAN_ADMIN_PASSWORD) in the
environment, else it is asked for.`;

interface ListOptions extends JsonOption {
  offset?: number;
  limit?: number;
  username?: string;
}

interface AdminOptions extends JsonOption {
  username?: string;
  sudo?: boolean;
  telegramId?: bigint;
  discordWebhook?: string;
  passwordStdin?: boolean;
  password?: string;
}

interface DeleteOptions extends JsonOption {
  username?: string;
  yes?: boolean;
}

async function listAdmins({ json, username, offset, limit }: ListOptions): Promise<void> {
  await withServices({ writes: false }, async ({ admins }) => {
    const found = await admins.listWithUsage({ username, offset, limit: limit || undefined });
    const value = found.map(({ admin, createdAt, usedTraffic, resetTraffic }) => ({
      ...toValue(admin),
      used_traffic: usedTraffic,
      reset_traffic: resetTraffic,
      created_at: createdAt,
    }));
    const head = [
      'Username',
      'Usage',
      'Reseted usage',
      'Users Usage',
      'Is sudo',
      'Created at',
      'Telegram ID',
    ];
    await answer(json, value, () =>
      table(
        [...head, 'Discord Webhook'],
        value.map((a) => [
          a.username,
          bytes(a.used_traffic),
          bytes(a.reset_traffic),
          bytes(a.users_usage),
          a.is_sudo,
          instant(a.created_at),
          a.telegram_id,
          a.discord_webhook,
        ]),
      ),
    );
  });
}

async function createAdmin(options: AdminOptions): Promise<void> {
  const username = options.username ?? (await askText('Username', '--username'));
  const is_sudo = options.sudo ?? (await askTruth('Is sudo', '--sudo or --no-sudo', false));
  const password =
    (await passwordOf(options)) ??
    (await askPassword('Password', '--password-stdin, or MARGRAVE_ADMIN_PASSWORD'));
  await withServices({ writes: true }, async ({ admins, by }) => {
    const { readAdminOrder } = await import('../../features/admins/index.js');
    const order = readAdminOrder({ username, is_sudo, password, ...contactsOf(options) });
    const admin = await admins.create(by, order);
    await answerDone(options.json, toValue(admin), `Admin "${admin.username}" created successfully.`);
  });
}

async function updateAdmin(options: AdminOptions): Promise<void> {
  const username = options.username ?? (await askText('Username', '--username'));
  const password = await passwordOf(options);
  await withServices({ writes: true }, async ({ admins, by }) => {
    const { readAdminChange } = await import('../../features/admins/index.js');
    const target = await admins.get(username);
    const { sudo } = options;
    const isAsked = sudo === undefined && password === undefined && !hasContacts(options);
    const given = { is_sudo: sudo ?? target.admin.isSudo, password, ...contactsOf(options) };
    const change = readAdminChange(isAsked ? await askForChange(target) : given);
    const admin = await admins.modify(by, target, change);
    await answerDone(options.json, toValue(admin), `Admin "${admin.username}" updated successfully.`);
  });
}

/** Each value, with the present one to begin with. */
async function askForChange({ admin }: Credentials) {
  const open = 'what is to change (see --help)';
  const is_sudo = await askTruth('Is sudo', open, admin.isSudo);
  const password = (await askPassword('New password (nothing: as it is)', open, true)) || undefined;
  const telegram = await askText('Telegram ID (0: none)', open, String(admin.telegramId ?? 0));
  const webhook = await askText('Discord webhook (0: none)', open, admin.discordWebhook ?? '0');
  return { is_sudo, password, telegram_id: telegramId(telegram), discord_webhook: webhookOf(webhook) };
}

async function deleteAdmin(options: DeleteOptions): Promise<void> {
  const username = options.username ?? (await askText('Username', '--username'));
  await withServices({ writes: true }, async ({ admins, by }) => {
    const { admin } = await admins.get(username);
    await requireYes(options.yes, `Delete the admin "${username}"?`);
    await admins.remove(by, admin);
    await answerDone(options.json, { username }, `"${username}" deleted successfully.`);
  });
}

async function importFromEnvironment(options: DeleteOptions): Promise<void> {
  await withServices({ writes: true }, async ({ admins, bulkUsers, by, config }) => {
    const name = config.auth.sudo?.username;
    if (name !== undefined) {
      await requireYes(
        options.yes,
        `Keep the admin "${name}" of the settings, and give it all users without an owner?`,
      );
    }
    const { admin, outcome } = await admins.keepEnvironmentAdmin(by);
    const users = await bulkUsers.giveOwnerless(by, admin);
    await answerDone(
      options.json,
      { username: admin.username, outcome, users },
      `Admin "${admin.username}" ${outcome === 'unchanged' ? 'is there already' : `${outcome} successfully`}; ` +
        `${users} user(s) without an owner given to it.\n` +
        'Remove SUDO_USERNAME and SUDO_PASSWORD from the settings before the service starts again.',
    );
  });
}

async function passwordOf({ passwordStdin, password }: AdminOptions): Promise<string | undefined> {
  if (passwordStdin && password !== undefined) {
    throw new WrongUsage(
      '--password-stdin and --password are two ways of saying one thing: give one of them.',
    );
  }
  if (passwordStdin) return passwordFromStdin();
  if (password !== undefined) return password;
  const { passwordForAdmin } = await import('../../config/environment.js');
  return passwordForAdmin();
}

const hasContacts = ({ telegramId, discordWebhook }: AdminOptions): boolean =>
  telegramId !== undefined || discordWebhook !== undefined;

const contactsOf = ({ telegramId, discordWebhook }: AdminOptions) => ({
  telegram_id: telegramId,
  discord_webhook: discordWebhook === undefined ? undefined : webhookOf(discordWebhook),
});

/** Marzban's way to say none. */
const webhookOf = (text: string): string => (text === '0' ? '' : text);

interface Shown {
  username: string;
  isSudo: boolean;
  telegramId: bigint | null;
  discordWebhook: string | null;
  usersUsage: bigint;
}

/** Whoever knows the whole address of a webhook can post there. */
const toValue = ({ username, isSudo, telegramId, discordWebhook, usersUsage }: Shown) => ({
  username,
  is_sudo: isSudo,
  telegram_id: telegramId,
  discord_webhook: discordWebhook?.replace(/[^/]+$/, '…') ?? null,
  users_usage: usersUsage,
});
