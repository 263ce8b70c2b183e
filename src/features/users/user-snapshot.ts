import type { User } from './domain/user.js';

/** A user as it was at some moment, in JSON; byte counts are texts. */
export type UserSnapshot = ReturnType<typeof snapshotOf>;

/** What is kept of a user that others are told of later. Webhooks of its owner are secret, and read when they are used. */
export function snapshotOf({ nextPlan, owner, ...user }: User) {
  return {
    ...user,
    usedTraffic: String(user.usedTraffic),
    resetTraffic: String(user.resetTraffic),
    dataLimit: textOf(user.dataLimit),
    expireAt: timeOf(user.expireAt),
    holdUntil: timeOf(user.holdUntil),
    subRevokedAt: timeOf(user.subRevokedAt),
    subUpdatedAt: timeOf(user.subUpdatedAt),
    onlineAt: timeOf(user.onlineAt),
    createdAt: user.createdAt.toISOString(),
    editedAt: timeOf(user.editedAt),
    statusChangedAt: user.statusChangedAt.toISOString(),
    nextPlan: nextPlan && {
      ...nextPlan,
      dataLimit: textOf(nextPlan.dataLimit),
      expireAt: timeOf(nextPlan.expireAt),
    },
    owner: owner && {
      id: owner.id,
      username: owner.username,
      isSudo: owner.isSudo,
      telegramId: textOf(owner.telegramId),
      usersUsage: String(owner.usersUsage),
    },
  };
}

/** The user that {@link snapshotOf} was given, but for its owner's webhook. */
export function readSnapshot({ nextPlan, owner, ...user }: UserSnapshot): User {
  return {
    ...user,
    usedTraffic: BigInt(user.usedTraffic),
    resetTraffic: BigInt(user.resetTraffic),
    dataLimit: toBytes(user.dataLimit),
    expireAt: toTime(user.expireAt),
    holdUntil: toTime(user.holdUntil),
    subRevokedAt: toTime(user.subRevokedAt),
    subUpdatedAt: toTime(user.subUpdatedAt),
    onlineAt: toTime(user.onlineAt),
    createdAt: new Date(user.createdAt),
    editedAt: toTime(user.editedAt),
    statusChangedAt: new Date(user.statusChangedAt),
    nextPlan: nextPlan && {
      ...nextPlan,
      dataLimit: toBytes(nextPlan.dataLimit),
      expireAt: toTime(nextPlan.expireAt),
    },
    owner: owner && {
      ...owner,
      telegramId: toBytes(owner.telegramId),
      discordWebhook: null,
      usersUsage: BigInt(owner.usersUsage),
    },
  };
}

const textOf = (value: bigint | null): string | null => (value === null ? null : String(value));
const timeOf = (at: Date | null): string | null => at && at.toISOString();
const toBytes = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
const toTime = (text: string | null): Date | null => (text === null ? null : new Date(text));
