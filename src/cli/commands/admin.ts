import type { Command } from 'commander';
import { answer, bytes, instant, type JsonOption, table } from '../output.js';
import { withServices } from '../with-services.js';
import { wholeNumber } from './values.js';

export function addAdminCommands(program: Command): void {
  const admin = program.command('admin').description('Operators: list, create, change, delete.');
  admin
    .command('list')
    .description('Operators, and what their users used.')
    .option('-o, --offset <number>', 'how many to skip', wholeNumber)
    .option('-l, --limit <number>', 'how many to show', wholeNumber)
    .option('-u, --username <text>', 'those with this in their names')
    .option('--json', 'in JSON')
    .action(listAdmins);
}

interface ListOptions extends JsonOption {
  offset?: number;
  limit?: number;
  username?: string;
}

async function listAdmins({ json, username, offset, limit }: ListOptions): Promise<void> {
  await withServices({ writes: false }, async ({ admins }) => {
    const found = await admins.listWithUsage({ username, offset, limit: limit || undefined });
    const value = found.map(({ admin, createdAt, usedTraffic, resetTraffic }) => ({
      username: admin.username,
      is_sudo: admin.isSudo,
      telegram_id: admin.telegramId,
      discord_webhook: admin.discordWebhook,
      users_usage: admin.usersUsage,
      used_traffic: usedTraffic,
      reset_traffic: resetTraffic,
      created_at: createdAt,
    }));
    await answer(json, value, () =>
      table(
        [
          'Username',
          'Usage',
          'Reseted usage',
          'Users Usage',
          'Is sudo',
          'Created at',
          'Telegram ID',
          'Discord Webhook',
        ],
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
