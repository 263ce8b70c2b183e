import type { Admin } from './admin.js';
import type { AdminDto } from './admins.dto.js';
import { maySeeWebhook } from './domain/rights.js';

/** The admin as `viewer` may see it. */
export function toAdminDto(admin: Admin, viewer: Admin): AdminDto {
  return {
    username: admin.username,
    is_sudo: admin.isSudo,
    telegram_id: admin.telegramId,
    discord_webhook: maySeeWebhook(viewer, admin) ? admin.discordWebhook : null,
    users_usage: admin.usersUsage,
  };
}
