import { type Command, Option } from 'commander';
import type { User, UserStatus } from '../../features/users/index.js';
import { CommandFailed } from '../failures.js';
import { answerDone, answerList, bytes, type JsonOption } from '../output.js';
import { askText, requireYes } from '../prompts.js';
import type { Services } from '../services.js';
import { withServices } from '../with-services.js';
import { jsonOption, oneMore, wholeNumber } from './values.js';

/** Said here so that `--help` need not load the users; a test compares it. */
export const STATUSES = [
  'active',
  'disabled',
  'limited',
  'expired',
  'on_hold',
] as const satisfies UserStatus[];

export function addUserCommands(program: Command): void {
  const user = program.command('user').description('customers: list, give to another operator');
  user
    .command('list')
    .description('customers, in the order they were made')
    .option('-o, --offset <number>', 'how many to skip', wholeNumber)
    .option('-l, --limit <number>', 'how many to show', wholeNumber)
    .option('-u, --username <name>', 'this one; may be given more than once', oneMore)
    .option('-s, --search <text>', 'those with this in their names or notes')
    .addOption(new Option('--status <status>', 'those of this status').choices(STATUSES))
    .addOption(ownerOption('those of this operator; may be given more than once').argParser(oneMore))
    .addOption(jsonOption())
    .action(listUsers);
  user
    .command('set-owner')
    .description('give a customer to another operator')
    .option('-u, --username <name>', 'whom')
    .addOption(ownerOption('to whom'))
    .option('-y, --yes', 'without asking, though it has an owner')
    .addOption(jsonOption())
    .action(setOwner);
}

/** By both of Marzban's names. */
const ownerOption = (words: string) => new Option('--owner, --admin <name>', words);

interface ListOptions extends JsonOption {
  offset?: number;
  limit?: number;
  username?: string[];
  search?: string;
  status?: UserStatus;
  admin?: string[];
}

interface OwnerOptions extends JsonOption {
  username?: string;
  admin?: string;
  yes?: boolean;
}

async function listUsers({ json, ...query }: ListOptions): Promise<void> {
  await withServices({ writes: false }, async ({ userLists }) => {
    const { batches } = await userLists.all(query);
    await answerList(json, batches, {
      head: [
        'ID',
        'Username',
        'Status',
        'Used traffic',
        'Data limit',
        'Reset strategy',
        'Expires at',
        'Owner',
      ],
      row: (user) => [
        user.id,
        user.username,
        user.status,
        bytes(user.usedTraffic),
        user.dataLimit && bytes(user.dataLimit),
        user.resetStrategy,
        user.expireAt?.toISOString().slice(0, 10),
        user.owner?.username,
      ],
      value: toValue,
    });
  });
}

async function setOwner(options: OwnerOptions): Promise<void> {
  const username = options.username ?? (await askText('Username', '--username'));
  const ownerName = options.admin ?? (await askText('Owner', '--owner'));
  await withServices({ writes: true }, async (services) => {
    const { admins, users, by } = services;
    const user = await getUser(services, username);
    const { admin } = await admins.get(ownerName).catch((error: unknown) => {
      throw (error as Error).name === 'AdminNotFound'
        ? new CommandFailed(`Admin "${ownerName}" not found.`)
        : error;
    });
    if (user.owner) {
      await requireYes(
        options.yes,
        `"${username}" belongs to "${user.owner.username}". Give it to "${ownerName}"?`,
      );
    }
    const given = await users.setOwner(by, user.id, admin);
    await answerDone(options.json, toValue(given), `${username}'s owner successfully set to "${ownerName}".`);
  });
}

/** @throws CommandFailed in the words of Marzban's command line */
export function getUser({ users }: Services, username: string): Promise<User> {
  return users.get(username).catch((error: unknown) => {
    throw (error as Error).name === 'UserNotFound'
      ? new CommandFailed(`User "${username}" not found.`)
      : error;
  });
}

/** Without credentials, which links have. */
const toValue = (user: User) => ({
  id: user.id,
  username: user.username,
  status: user.status,
  used_traffic: user.usedTraffic,
  data_limit: user.dataLimit,
  data_limit_reset_strategy: user.resetStrategy,
  expire: user.expireAt && user.expireAt.getTime() / 1000,
  admin: user.owner?.username ?? null,
});
