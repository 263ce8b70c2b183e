import type { Admin } from './admin.js';
import type { AdminDto, AdminsQuery, CreateAdminDto, ModifyAdminDto } from './admins.dto.js';
import type { AdminFilter } from './admins.repository.js';
import type { AdminOrder, AdminOrderChange } from './admins.service.js';
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

export function fromCreateAdminDto(dto: CreateAdminDto): AdminOrder {
  return {
    username: dto.username,
    password: dto.password,
    isSudo: dto.is_sudo,
    telegramId: dto.telegram_id || null,
    discordWebhook: dto.discord_webhook || null,
  };
}

/** Null leaves a value alone, as absence does; 0 and the empty text clear it. */
export function fromModifyAdminDto(dto: ModifyAdminDto): AdminOrderChange {
  return {
    password: dto.password ?? undefined,
    isSudo: dto.is_sudo,
    telegramId: dto.telegram_id === 0n ? null : (dto.telegram_id ?? undefined),
    discordWebhook: dto.discord_webhook === '' ? null : (dto.discord_webhook ?? undefined),
  };
}

/** 0 and the empty text mean: not given. */
export function fromAdminsQuery(query: AdminsQuery): AdminFilter {
  return {
    username: query.username || undefined,
    offset: query.offset || undefined,
    limit: query.limit || undefined,
  };
}
