import type { User } from './domain/user.js';

/** A user with its usage, next plan and owner, as one row; names are those of `User` where nothing has to be made of it. */
export interface UserRow extends Omit<User, 'nextPlan' | 'owner'> {
  planOf: number | null;
  planDataLimit: bigint | null;
  planExpireAt: Date | null;
  planAddsRemaining: boolean | null;
  planFiresOnEither: boolean | null;
  ownerId: number | null;
  ownerUsername: string | null;
  ownerIsSudo: boolean | null;
  ownerTelegramId: bigint | null;
  ownerDiscordWebhook: string | null;
  ownerUsersUsage: bigint | null;
}

export const USER_COLUMNS = /* sql */ `
  u.id, u.username, u.status, u.data_limit AS "dataLimit", u.reset_strategy AS "resetStrategy",
  u.expire_at AS "expireAt", u.hold_seconds::float8 AS "holdSeconds", u.hold_until AS "holdUntil",
  u.held_when_disabled AS "heldWhenDisabled", u.auto_delete_in_days AS "autoDeleteInDays", u.proxies, u.excluded_inbounds AS "excludedInbounds", u.note,
  u.sub_revoked_at AS "subRevokedAt", u.sub_updated_at AS "subUpdatedAt",
  u.sub_last_user_agent AS "subLastUserAgent", u.created_at AS "createdAt", u.edited_at AS "editedAt",
  u.status_changed_at AS "statusChangedAt",
  g.used_traffic AS "usedTraffic", g.reset_traffic AS "resetTraffic", g.online_at AS "onlineAt",
  p.user_id AS "planOf", p.data_limit AS "planDataLimit", p.expire_at AS "planExpireAt",
  p.add_remaining_traffic AS "planAddsRemaining", p.fire_on_either AS "planFiresOnEither",
  a.id AS "ownerId", a.username AS "ownerUsername", a.is_sudo AS "ownerIsSudo",
  a.telegram_id AS "ownerTelegramId", a.discord_webhook AS "ownerDiscordWebhook",
  a.users_usage AS "ownerUsersUsage"`;

export const USER_TABLES = /* sql */ `
  users u
  JOIN user_usage g ON g.user_id = u.id
  LEFT JOIN next_plans p ON p.user_id = u.id
  LEFT JOIN admins a ON a.id = u.admin_id`;

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    status: row.status,
    usedTraffic: row.usedTraffic,
    resetTraffic: row.resetTraffic,
    dataLimit: row.dataLimit,
    resetStrategy: row.resetStrategy,
    expireAt: row.expireAt,
    holdSeconds: row.holdSeconds,
    holdUntil: row.holdUntil,
    heldWhenDisabled: row.heldWhenDisabled,
    autoDeleteInDays: row.autoDeleteInDays,
    proxies: row.proxies,
    excludedInbounds: row.excludedInbounds,
    note: row.note,
    nextPlan:
      row.planOf === null
        ? null
        : {
            dataLimit: row.planDataLimit,
            expireAt: row.planExpireAt,
            addRemainingTraffic: row.planAddsRemaining!,
            fireOnEither: row.planFiresOnEither!,
          },
    owner:
      row.ownerId === null
        ? null
        : {
            id: row.ownerId,
            username: row.ownerUsername!,
            isSudo: row.ownerIsSudo!,
            telegramId: row.ownerTelegramId,
            discordWebhook: row.ownerDiscordWebhook,
            usersUsage: row.ownerUsersUsage!,
          },
    subRevokedAt: row.subRevokedAt,
    subUpdatedAt: row.subUpdatedAt,
    subLastUserAgent: row.subLastUserAgent,
    onlineAt: row.onlineAt,
    createdAt: row.createdAt,
    editedAt: row.editedAt,
    statusChangedAt: row.statusChangedAt,
  };
}
