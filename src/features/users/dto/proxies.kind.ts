import { ApiSchema } from '@nestjs/swagger';
import { Invalid, isObject, readEnum, readText } from '../../../shared/http/coercion.js';
import { type Kind, map, object, oneOf } from '../../../shared/http/fields.js';
import { FLOWS, type Protocol, PROTOCOLS, SHADOWSOCKS_METHODS } from '../../../xray/config/types.js';
import type { ProxyRequests } from '../domain/proxies.js';
import { readUuid } from './uuid.js';

export const proxyType = oneOf(PROTOCOLS, 'ProxyTypes');

@ApiSchema({
  name: 'ProxySettings',
  description: 'vmess: id. vless: id, flow. trojan: password, flow. shadowsocks: password, method.',
})
export class ProxySettingsDto {}

const proxySettings = object(() => ProxySettingsDto);

type Reader = (value: unknown) => string | Invalid;

const readFlow: Reader = (value) => readEnum(value, FLOWS);

/** The settings of each protocol, in the order of the wire, and the name its class has in refusals. */
const SETTINGS: Record<Protocol, { name: string; fields: Record<string, Reader> }> = {
  vmess: { name: 'VMessSettings', fields: { id: readUuid } },
  vless: { name: 'VLESSSettings', fields: { id: readUuid, flow: readFlow } },
  trojan: { name: 'TrojanSettings', fields: { password: readText, flow: readFlow } },
  shadowsocks: {
    name: 'ShadowsocksSettings',
    fields: { password: readText, method: (value) => readEnum(value, SHADOWSOCKS_METHODS) },
  },
};

/**
 * Settings by protocol, in the order they were sent. Unknown settings are dropped. As in Marzban, the place of an issue
 * names the setting but not its protocol.
 */
export const proxies: Kind<ProxyRequests> = {
  read: readProxies,
  schema: () => map(proxyType, proxySettings).schema(),
};

/** The same for a new user: null is no proxy at all, which a rule refuses. */
export const newProxies: Kind<ProxyRequests> = {
  ...proxies,
  read: (value) => (value === null ? {} : readProxies(value)),
};

function readProxies(value: unknown): ProxyRequests | Invalid {
  if (Array.isArray(value) && value.length === 0) return {}; // what PHP makes of an empty map
  if (!isObject(value)) return Invalid.of('dict_type', 'Input should be a valid dictionary');
  const requests: Record<string, Record<string, string>> = {};
  const issues: Invalid[] = [];
  for (const [key, settings] of Object.entries(value)) {
    const result = readSettings(key, settings);
    if (result instanceof Invalid) issues.push(result);
    else requests[key] = result;
  }
  return issues.length > 0 ? new Invalid(issues.flatMap((invalid) => invalid.issues)) : requests;
}

function readSettings(protocol: string, value: unknown): Record<string, string> | Invalid {
  if (!Object.hasOwn(SETTINGS, protocol)) return Invalid.value(`'${protocol}' is not a valid ProxyTypes`);
  const { name, fields } = SETTINGS[protocol as Protocol];
  if (!isObject(value)) {
    return Invalid.of('model_type', `Input should be a valid dictionary or instance of ${name}`);
  }
  const settings: Record<string, string> = {};
  const issues: Invalid[] = [];
  for (const [field, read] of Object.entries(fields)) {
    if (!Object.hasOwn(value, field)) continue;
    const result = read(value[field]);
    if (result instanceof Invalid) issues.push(result.under(field));
    else settings[field] = result;
  }
  return issues.length > 0 ? new Invalid(issues.flatMap((invalid) => invalid.issues)) : settings;
}
