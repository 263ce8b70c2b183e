import type { JsonObject, JsonValue } from '../../../xray/config/index.js';

/** What in a sing-box profile today's cores refuse, and which version was the last to take it. */
export function refusedSyntax(profile: JsonObject): string[] {
  const found: string[] = [];
  const check = (isThere: boolean, what: string) => {
    if (isThere && !found.includes(what)) found.push(what);
  };
  const dns = isObject(profile.dns) ? profile.dns : {};
  const route = isObject(profile.route) ? profile.route : {};
  for (const outbound of objects(profile.outbounds)) {
    check(outbound.type === 'dns', 'outbounds of type dns (up to 1.12)');
  }
  for (const inbound of objects(profile.inbounds)) {
    check('inet4_address' in inbound || 'inet6_address' in inbound, 'inet4_address of inbounds (up to 1.11)');
    check('sniff' in inbound || 'domain_strategy' in inbound, 'sniff of inbounds (up to 1.12)');
  }
  for (const server of objects(dns.servers))
    check('address' in server, 'dns.servers with an address (up to 1.13)');
  for (const rule of objects(dns.rules)) check('outbound' in rule, 'dns.rules with an outbound (up to 1.13)');
  check('fakeip' in dns, 'dns.fakeip (up to 1.13)');
  for (const rule of [...objects(route.rules), ...objects(dns.rules)]) {
    check('geoip' in rule || 'geosite' in rule, 'rules with geoip or geosite (up to 1.11)');
  }
  return found;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objects = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
