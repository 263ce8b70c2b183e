import { changesOf } from '../../../shared/domain/changes.js';
import type { Admin } from '../admin.js';

/** What may be noted of an admin: whoever knows the address of its webhook can post there. */
export function factsOf(admin: Admin): Record<string, unknown> {
  return {
    isSudo: admin.isSudo,
    telegramId: admin.telegramId === null ? null : String(admin.telegramId),
    hasDiscordWebhook: admin.discordWebhook !== null,
  };
}

/** The fields that a change made others; of secrets only that they changed. */
export function changeOf(
  before: Admin,
  after: Admin,
  hasNewPassword: boolean,
): { before: object; after: object } {
  const changes = changesOf(factsOf(before), factsOf(after));
  const hasNewWebhook = after.discordWebhook !== null && after.discordWebhook !== before.discordWebhook;
  return {
    ...changes,
    after: {
      ...changes.after,
      ...(hasNewWebhook && { discordWebhook: 'changed' }),
      ...(hasNewPassword && { password: 'changed' }),
    },
  };
}
