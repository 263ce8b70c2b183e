import { fromUnixSeconds, toUnixSeconds, toWireTime } from '../../shared/domain/time.js';
import { type Admin, toAdminDto } from '../admins/index.js';
import type { UserRequest } from './domain/creation.js';
import type { UserChange } from './domain/modification.js';
import { protocolsOf } from './domain/proxies.js';
import type { NextPlan, User } from './domain/user.js';
import type { UserUsageDto } from './dto/usage.dto.js';
import type { NextPlanDto, UserCreateDto, UserModifyDto } from './dto/user-request.dto.js';
import type { NextPlanResponse, SubscriptionUserDto, UserDto } from './dto/user-response.dto.js';
import type { TagsByProtocol } from '../../xray/config/types.js';
import type { NodeUsage } from './usage-history.js';

/** What a user object shows beside the user itself. */
export interface UserExtras {
  links: string[];
  subscriptionUrl: string;
}

export function fromUserCreateDto(dto: UserCreateDto): UserRequest {
  return {
    username: dto.username,
    status: dto.status ?? 'active',
    proxies: dto.proxies,
    inbounds: dto.inbounds,
    dataLimit: dto.data_limit || null,
    expireAt: fromExpire(dto.expire),
    resetStrategy: dto.data_limit_reset_strategy,
    note: dto.note ?? null,
    holdSeconds: dto.on_hold_expire_duration || null,
    holdUntil: fromTimeOrNone(dto.on_hold_timeout),
    autoDeleteInDays: dto.auto_delete_in_days ?? null,
    nextPlan: dto.next_plan ? fromNextPlanDto(dto.next_plan) : null,
  };
}

/** Absent and null leave alone, 0 and "" clear; only a next plan is cleared by null. */
export function fromUserModifyDto(dto: UserModifyDto): UserChange {
  const { proxies, note, next_plan: plan } = dto;
  return {
    proxies: proxies && Object.keys(proxies).length > 0 ? proxies : undefined,
    inbounds: dto.inbounds,
    status: dto.status,
    dataLimit: ifSent(dto.data_limit, (bytes) => bytes || null),
    expireAt: ifSent(dto.expire, fromExpire),
    resetStrategy: dto.data_limit_reset_strategy,
    note: ifSent(note, (text) => text || null),
    holdSeconds: ifSent(dto.on_hold_expire_duration, (seconds) => seconds || null),
    holdUntil: ifSent(dto.on_hold_timeout, fromTimeOrNone),
    autoDeleteInDays: dto.auto_delete_in_days ?? undefined,
    nextPlan: plan && fromNextPlanDto(plan),
  };
}

export function toUserDto(
  user: User,
  viewer: Admin | null,
  inbounds: TagsByProtocol,
  { links, subscriptionUrl }: UserExtras,
): UserDto {
  return {
    proxies: user.proxies,
    expire: toExpire(user.expireAt),
    data_limit: user.dataLimit,
    data_limit_reset_strategy: user.resetStrategy,
    inbounds,
    note: user.note,
    sub_updated_at: toTime(user.subUpdatedAt),
    sub_last_user_agent: user.subLastUserAgent,
    online_at: toTime(user.onlineAt),
    on_hold_expire_duration: user.holdSeconds,
    on_hold_timeout: toTime(user.holdUntil),
    auto_delete_in_days: user.autoDeleteInDays,
    next_plan: toNextPlanDto(user.nextPlan),
    username: user.username,
    status: user.status,
    used_traffic: user.usedTraffic,
    lifetime_used_traffic: user.resetTraffic + user.usedTraffic,
    created_at: toWireTime(user.createdAt),
    links,
    subscription_url: subscriptionUrl,
    excluded_inbounds: excludedOf(user),
    admin: user.owner && viewer && toAdminDto(user.owner, viewer),
  };
}

export function toSubscriptionUserDto(
  user: User,
  { links, subscriptionUrl }: UserExtras,
): SubscriptionUserDto {
  return {
    proxies: user.proxies,
    expire: toExpire(user.expireAt),
    data_limit: user.dataLimit,
    data_limit_reset_strategy: user.resetStrategy,
    sub_updated_at: toTime(user.subUpdatedAt),
    sub_last_user_agent: user.subLastUserAgent,
    online_at: toTime(user.onlineAt),
    on_hold_expire_duration: user.holdSeconds,
    on_hold_timeout: toTime(user.holdUntil),
    next_plan: toNextPlanDto(user.nextPlan),
    username: user.username,
    status: user.status,
    used_traffic: user.usedTraffic,
    lifetime_used_traffic: user.resetTraffic + user.usedTraffic,
    created_at: toWireTime(user.createdAt),
    links,
    subscription_url: subscriptionUrl,
  };
}

/** One key per protocol the user has. */
function excludedOf({ proxies, excludedInbounds }: User): TagsByProtocol {
  const excluded: TagsByProtocol = {};
  for (const protocol of protocolsOf(proxies)) excluded[protocol] = excludedInbounds[protocol] ?? [];
  return excluded;
}

function fromNextPlanDto(dto: NextPlanDto): NextPlan {
  return {
    dataLimit: dto.data_limit || null,
    expireAt: fromExpire(dto.expire),
    addRemainingTraffic: dto.add_remaining_traffic,
    fireOnEither: dto.fire_on_either,
  };
}

function toNextPlanDto(plan: NextPlan | null): NextPlanResponse | null {
  return (
    plan && {
      data_limit: plan.dataLimit ?? 0n,
      expire: toExpire(plan.expireAt),
      add_remaining_traffic: plan.addRemainingTraffic,
      fire_on_either: plan.fireOnEither,
    }
  );
}

function ifSent<V, R>(value: V | null | undefined, convert: (value: V) => R): R | undefined {
  return value === null || value === undefined ? undefined : convert(value);
}

function fromExpire(seconds: number | null | undefined): Date | null {
  return seconds ? fromUnixSeconds(seconds) : null;
}

function fromTimeOrNone(at: Date | null | undefined): Date | null {
  return at && at.getTime() !== 0 ? at : null;
}

function toExpire(at: Date | null): number | null {
  return at && toUnixSeconds(at);
}

function toTime(at: Date | null): string | null {
  return at && toWireTime(at);
}

export function toUserUsageDto({ nodeId, nodeName, usedTraffic }: NodeUsage): UserUsageDto {
  return { node_id: nodeId, node_name: nodeName, used_traffic: usedTraffic };
}
