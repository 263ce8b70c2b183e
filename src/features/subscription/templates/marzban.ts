import { writeYaml } from '../../../client-configs/index.js';
import {
  DateTime,
  defineFilters,
  Dict,
  EnumMember,
  fail,
  type Filter,
  formatTime,
  isTrue,
  Model,
  roundFloat,
  sequence,
  str,
  textOf,
  typeName,
  Uuid,
  type Value,
} from '../../../jinja/index.js';
import { parseIsoTime } from '../../../shared/domain/iso-time.js';
import type { JsonObject, JsonValue } from '../../../xray/config/index.js';
import type { UserDto } from '../../users/index.js';

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];

/** The filters that Marzban's templates have beside Jinja's. Source: Marzban `app/templates/filters.py`. */
export const marzbanFilters: ReadonlyMap<string, Filter> = defineFilters({
  'yaml(obj)': (value: Value) => (isTrue(value) ? writeYaml(toJson(value), { sorted: true }) : ''),
  'except(obj, *target_keys)': (value: Value, keys: Value[]) => pick(value, (key) => !keys.includes(key)),
  'only(obj, *target_keys)': (value: Value, keys: Value[]) => pick(value, (key) => keys.includes(key)),
  'datetime(dt)': (value: Value) => {
    const isSeconds = typeof value === 'bigint' || typeof value === 'boolean';
    const at = isSeconds ? DateTime.fromSeconds(Number(value)) : value;
    if (at instanceof DateTime) return formatTime(at, '%Y-%m-%d %H:%M:%S');
    return fail('AttributeError', `'${typeName(value)}' object has no attribute 'strftime'`);
  },
  'bytesformat(size_bytes)': (value: Value) => {
    if (typeof value !== 'bigint' && typeof value !== 'number' && typeof value !== 'boolean') {
      return fail('TypeError', `'<=' not supported between instances of '${typeName(value)}' and 'int'`);
    }
    const bytes = Number(value);
    if (bytes <= 0) return '0 B';
    const power = Math.floor(Math.log(bytes) / Math.log(1024));
    const unit = UNITS.at(power) ?? fail('IndexError', 'tuple index out of range');
    return `${str(roundFloat(bytes / 1024 ** power, 2))} ${unit}`;
  },
});

function pick(value: Value, isWanted: (key: Value) => boolean): Value {
  if (value instanceof Dict) return new Dict(value.entries().filter(([key]) => isWanted(key)));
  return fail('AttributeError', `'${typeName(value)}' object has no attribute 'items'`);
}

function toJson(value: Value): JsonValue {
  const items = sequence(value);
  if (items) return items.map(toJson);
  if (value instanceof Dict) {
    return Object.fromEntries(value.entries().map(([key, member]) => [str(key), toJson(member)]));
  }
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  return textOf(value) ?? str(value);
}

/** JSON as Python reads it: whole numbers are integers. */
export function toPython(value: JsonValue | undefined): Value {
  if (Array.isArray(value)) return value.map(toPython);
  if (typeof value === 'object' && value !== null) return toDict(value);
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : (value ?? null);
}

export function toDict(object: JsonObject): Dict {
  return new Dict(Object.entries(object).map(([key, member]) => [key, toPython(member)]));
}

const PROXY_NAMES: Record<string, string> = {
  vmess: 'VMess',
  vless: 'VLESS',
  trojan: 'Trojan',
  shadowsocks: 'Shadowsocks',
};

const byProtocol = <T>(members: Record<string, T>, convert: (value: T, name: string) => Value): Dict =>
  new Dict(
    Object.entries(members).map(([protocol, member]) => {
      const name = PROXY_NAMES[protocol] ?? protocol;
      return [new EnumMember('ProxyTypes', name, protocol), convert(member, name)];
    }),
  );

const model = (name: string, fields: Record<string, unknown>, converted: Record<string, Value> = {}): Model =>
  new Model(
    name,
    new Map(
      Object.entries(fields).map(([key, value]) => [
        key,
        key in converted ? converted[key]! : toPython(value as JsonValue),
      ]),
    ),
  );

function time(text: string | null): Value {
  const at = text === null ? undefined : parseIsoTime(text);
  return at ? DateTime.fromSeconds(at.getTime() / 1000) : null;
}

/** The user as Marzban's pages know it: with its enumerations, times and the ids of its proxies. */
export function marzbanUser(user: UserDto): Model {
  const { status, data_limit_reset_strategy: strategy } = user;
  const settings = (fields: object, name: string) => {
    const id: Record<string, Value> =
      'id' in fields && typeof fields.id === 'string' ? { id: new Uuid(fields.id) } : {};
    return model(`${name}Settings`, { ...fields }, id);
  };
  const tags = (names: string[] | undefined) => toPython(names ?? []);
  return model(
    'UserResponse',
    { ...user },
    {
      proxies: byProtocol<object>({ ...user.proxies }, settings),
      data_limit_reset_strategy: new EnumMember('UserDataLimitResetStrategy', strategy, strategy),
      inbounds: byProtocol(user.inbounds, tags),
      excluded_inbounds: byProtocol(user.excluded_inbounds, tags),
      sub_updated_at: time(user.sub_updated_at),
      online_at: time(user.online_at),
      on_hold_timeout: time(user.on_hold_timeout),
      created_at: time(user.created_at),
      next_plan: user.next_plan && model('NextPlanModel', { ...user.next_plan }),
      status: new EnumMember('UserStatus', status, status),
      admin: user.admin && model('Admin', { ...user.admin }),
    },
  );
}
