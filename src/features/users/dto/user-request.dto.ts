import { ApiSchema } from '@nestjs/swagger';
import {
  BoolField,
  Field,
  IntField,
  ObjectField,
  oneOf,
  Rule,
  TextField,
  TimeField,
} from '../../../shared/http/fields.js';
import type { TagsByProtocol } from '../../../xray/config/types.js';
import type { ProxyRequests } from '../domain/proxies.js';
import type { ResetStrategy } from '../domain/user.js';
import { isUsername } from '../domain/username.js';
import {
  days,
  inboundChoice,
  newInboundChoice,
  nullIsAbsent,
  planLimit,
  strategy,
  timeOrNone,
  unixSeconds,
} from './kinds.js';
import { newProxies, proxies } from './proxies.kind.js';

const LONGEST_NOTE = 500;

@ApiSchema({ name: 'NextPlanModel' })
export class NextPlanDto {
  @Field(planLimit, { nullable: true })
  data_limit?: bigint | null;

  @Field(unixSeconds, { nullable: true })
  expire?: number | null;

  @BoolField({ default: false })
  add_remaining_traffic!: boolean;

  @BoolField({ default: true })
  fire_on_either!: boolean;
}

/** What a request may say of a user, in the order of the documented fields. */
class UserFieldsDto {
  @Field(nullIsAbsent(proxies), { default: {} })
  proxies?: ProxyRequests;

  @Field(unixSeconds, { nullable: true, description: 'Unix time in seconds; 0 or null means never.' })
  expire?: number | null;

  @IntField({
    nullable: true,
    big: true,
    min: 0,
    cutsFractions: 'data_limit must be an integer or a float, not a string',
    description: 'Bytes; 0 or null means unlimited.',
  })
  data_limit?: bigint | null;

  @Field(nullIsAbsent(strategy), { optional: true })
  data_limit_reset_strategy?: ResetStrategy;

  @Field(nullIsAbsent(inboundChoice), { default: {} })
  inbounds?: TagsByProtocol;

  @TextField({ nullable: true })
  @Rule((note: string) =>
    isLonger(note, LONGEST_NOTE) ? `User's note can be a maximum of ${LONGEST_NOTE} character` : undefined,
  )
  note?: string | null;

  /** Read and then ignored, as are the next two: clients send back what they were given. */
  @TimeField({ nullable: true })
  sub_updated_at?: Date | null;

  @TextField({ nullable: true })
  sub_last_user_agent?: string | null;

  @TimeField({ nullable: true })
  online_at?: Date | null;

  @Field(unixSeconds, { nullable: true, description: 'Seconds.' })
  on_hold_expire_duration?: number | null;

  @Field(timeOrNone, { nullable: true })
  on_hold_timeout?: Date | null;

  @Field(days, { nullable: true })
  auto_delete_in_days?: number | null;

  @ObjectField(() => NextPlanDto, { nullable: true })
  next_plan?: NextPlanDto | null;
}

@ApiSchema({ name: 'UserCreate' })
export class UserCreateDto extends UserFieldsDto {
  @Field(newProxies, { default: {} })
  @Rule((requests: ProxyRequests) =>
    Object.keys(requests).length === 0 ? 'Each user needs at least one proxy' : undefined,
  )
  override proxies!: ProxyRequests;

  @Field(strategy, { default: 'no_reset' })
  override data_limit_reset_strategy!: ResetStrategy;

  @Field(newInboundChoice, { default: {} })
  override inbounds!: TagsByProtocol;

  @TextField()
  @Rule((username: string) =>
    isUsername(username)
      ? undefined
      : 'Username only can be 3 to 32 characters and contain a-z, 0-9, and underscores in between.',
  )
  username!: string;

  @Field(oneOf(['active', 'on_hold'], 'UserStatusCreate'), { optional: true })
  @Rule(refuseHold)
  status?: 'active' | 'on_hold';
}

@ApiSchema({ name: 'UserModify' })
export class UserModifyDto extends UserFieldsDto {
  @Field(nullIsAbsent(oneOf(['active', 'disabled', 'on_hold'], 'UserStatusModify')), { optional: true })
  @Rule(refuseHold)
  status?: 'active' | 'disabled' | 'on_hold';
}

/** Why a user cannot be put on hold by this request, which must say itself how long the user may then run. */
function refuseHold(status: string, { on_hold_expire_duration, expire }: UserFieldsDto): string | undefined {
  if (status !== 'on_hold') return undefined;
  if (!on_hold_expire_duration) return 'User cannot be on hold without a valid on_hold_expire_duration.';
  return expire ? 'User cannot be on hold with specified expire.' : undefined;
}

/** In characters, not in UTF-16 units. */
function isLonger(text: string, length: number): boolean {
  return text.length > 2 * length || [...text].length > length;
}
