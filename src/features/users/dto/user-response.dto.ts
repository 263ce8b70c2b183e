import { ApiSchema } from '@nestjs/swagger';
import {
  Field,
  IntField,
  type Kind,
  list,
  ListField,
  MapField,
  object,
  ObjectField,
  oneOf,
  text,
  TextField,
  TimeField,
} from '../../../shared/http/fields.js';
import type { Proxies, TagsByProtocol } from '../../../xray/config/types.js';
import { AdminDto } from '../../admins/index.js';
import { type ResetStrategy, USER_STATUSES, type UserStatus } from '../domain/user.js';
import { strategy } from './kinds.js';
import { proxyType } from './proxies.kind.js';
import { NextPlanDto } from './user-request.dto.js';

export const userStatus = oneOf(USER_STATUSES, 'UserStatus');

const settingsByProtocol: Kind = { read: (value) => value, schema: () => ({ type: 'object' }) };

export interface NextPlanResponse {
  data_limit: bigint | null;
  expire: number | null;
  add_remaining_traffic: boolean;
  fire_on_either: boolean;
}

/** What a subscriber may read of a user, in the order of the documented fields. */
@ApiSchema({ name: 'SubscriptionUserResponse' })
export class SubscriptionUserDto {
  @Field(settingsByProtocol, { description: 'Settings by protocol.' })
  proxies!: Proxies;

  @IntField({ nullable: true, description: 'Unix time in seconds; 0 or null means never.' })
  expire!: number | null;

  @IntField({ big: true, nullable: true, min: 0, description: 'Bytes; 0 or null means unlimited.' })
  data_limit!: bigint | null;

  @Field(strategy, { default: 'no_reset' })
  data_limit_reset_strategy!: ResetStrategy;

  @TimeField({ nullable: true })
  sub_updated_at!: string | null;

  @TextField({ nullable: true })
  sub_last_user_agent!: string | null;

  @TimeField({ nullable: true })
  online_at!: string | null;

  @IntField({ nullable: true, description: 'Seconds.' })
  on_hold_expire_duration!: number | null;

  @TimeField({ nullable: true })
  on_hold_timeout!: string | null;

  @ObjectField(() => NextPlanDto, { nullable: true })
  next_plan!: NextPlanResponse | null;

  @TextField()
  username!: string;

  @Field(userStatus)
  status!: UserStatus;

  @IntField({ big: true })
  used_traffic!: bigint;

  @IntField({ big: true, default: 0 })
  lifetime_used_traffic!: bigint;

  @TimeField()
  created_at!: string;

  @ListField(text(), { default: [] })
  links!: string[];

  @TextField({ default: '' })
  subscription_url!: string;
}

@ApiSchema({ name: 'UserResponse' })
export class UserDto extends SubscriptionUserDto {
  @MapField(proxyType, list(text()), { default: {} })
  inbounds!: TagsByProtocol;

  @TextField({ nullable: true })
  note!: string | null;

  @IntField({ nullable: true })
  auto_delete_in_days!: number | null;

  @MapField(proxyType, list(text()), { default: {} })
  excluded_inbounds!: TagsByProtocol;

  @ObjectField(() => AdminDto, { nullable: true })
  admin!: AdminDto | null;
}

@ApiSchema({ name: 'UsersResponse' })
export class UsersDto {
  @ListField(object(() => UserDto))
  users!: UserDto[];

  @IntField()
  total!: number;
}
