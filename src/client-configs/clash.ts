import type { JsonObject } from '../xray/config/index.js';
import { splitEarlyData } from './early-data.js';
import { canMux, type Entry, type EntryAccount } from './entry.js';
import { escapeServiceName } from './escape.js';
import { echConfigs, knownBrowser, needsXray } from './needs.js';
import { namesIn, part, parts } from './part.js';
import { drawUserAgent, type Templates } from './templates.js';
import type { Dice } from './types.js';
import { UniqueNames } from './unique-names.js';
import { writeYaml } from './write-yaml.js';
import { mihomoXhttp } from './xhttp.js';

/** `clash` is for applications with the original core, `clash-meta` for those with today's mihomo. */
export type ClashDialect = 'clash' | 'clash-meta';

/**
 * A Clash config with all entries that the dialect's core can use.
 * Source: Marzban `app/subscription/clash.py`; differences are listed in `docs/compatibility.md`.
 */
export function writeClash(
  entries: readonly Entry[],
  dialect: ClashDialect,
  templates: Templates,
  dice: Dice,
): string {
  const unnamed = entries.flatMap((entry) => {
    const proxy = proxyOf(entry, dialect, templates, dice);
    return proxy ? [{ proxy, remark: entry.remark }] : [];
  });
  const configBeside = (taken: readonly string[]) => {
    const names = new UniqueNames(taken);
    const proxies = unnamed.map(({ proxy, remark }) => sortedKeys({ ...proxy, name: names.give(remark) }));
    const given = namesIn(proxies, 'name');
    return { config: templates.clash(proxies, given), given };
  };
  const { config, given } = configBeside(BUILT_IN);
  // Only the whole config tells how the operator calls the groups, and two of one name spoil it.
  const groups = new Set(namesIn(parts(config, 'proxy-groups'), 'name'));
  const collide = given.some((name) => groups.has(name));
  return writeYaml(collide ? configBeside([...BUILT_IN, ...groups]).config : config);
}

/** Names that mihomo has for itself. */
const BUILT_IN = ['DIRECT', 'REJECT', 'REJECT-DROP', 'PASS', 'COMPATIBLE'];

function sortedKeys(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [
        key,
        typeof member === 'object' && !Array.isArray(member) && member !== null ? sortedKeys(member) : member,
      ]),
  );
}

/** The proxy without its name, or undefined for what the core cannot do. */
function proxyOf(
  entry: Entry,
  dialect: ClashDialect,
  templates: Templates,
  dice: Dice,
): JsonObject | undefined {
  const { account, security, address, port, inbound, fingerprint } = entry;
  const { protocol } = account;
  const isMeta = dialect === 'clash-meta';
  if (!isMeta && (protocol === 'vless' || security === 'reality')) return undefined;
  if (needsXray(entry)) return undefined;
  const transport = transportOf(entry, templates, dice);
  if (!transport || !canCarry(protocol, transport.network, security)) return undefined;
  if (transport.network === 'xhttp' && !isMeta) return undefined;
  const common = {
    type: protocol === 'shadowsocks' ? 'ss' : protocol,
    server: address,
    port,
    network: transport.network,
    udp: true,
    ...credentials(account),
  };
  if (protocol === 'shadowsocks') return common;
  return {
    ...common,
    ...(security !== 'none' && tlsOf(entry, isMeta)),
    [`${transport.network}-opts`]: transport.options,
    // Only where the operator's template has it, for servers that speak it.
    ...(canMux(entry) && templates.mux.clash.enabled === true && { smux: templates.mux.clash }),
    ...(isMeta && fingerprint && { 'client-fingerprint': knownBrowser(fingerprint) }),
    ...(security === 'reality' && {
      'reality-opts': { 'public-key': inbound.pbk ?? '', 'short-id': entry.shortId },
    }),
  };
}

/** What mihomo has for each protocol; the rest it refuses or, worse, takes for plain TCP. */
function canCarry(protocol: EntryAccount['protocol'], network: string, security: Entry['security']): boolean {
  switch (protocol) {
    case 'shadowsocks':
      return network === 'tcp' && security === 'none';
    case 'trojan': // always over TLS
      return security !== 'none' && ['tcp', 'ws', 'grpc'].includes(network);
    case 'vmess':
      return network !== 'xhttp';
    case 'vless':
      return true;
  }
}

function credentials(account: EntryAccount): JsonObject {
  switch (account.protocol) {
    case 'vmess':
      return { uuid: account.id, alterId: 0, cipher: 'auto' };
    case 'vless':
      return {
        uuid: account.id,
        ...(account.flow && { flow: account.flow }),
        ...(account.encryption !== 'none' && { encryption: account.encryption }),
      };
    case 'trojan':
      return { password: account.password };
    case 'shadowsocks':
      return { password: account.password, cipher: account.method };
  }
}

function tlsOf({ account, security, sni, alpn, dial, inbound }: Entry, isMeta: boolean): JsonObject {
  const ech = security === 'tls' && isMeta && echConfigs(inbound);
  return {
    tls: true,
    [account.protocol === 'trojan' ? 'sni' : 'servername']: sni,
    ...(alpn.length > 0 && { alpn }),
    ...(security === 'tls' && dial.allowInsecure && { 'skip-cert-verify': true }),
    ...(ech && { 'ech-opts': { enable: true, config: ech } }),
  };
}

/** The transport by Clash's name for it and with Clash's options; undefined for one that Clash does not have. */
function transportOf(
  entry: Entry,
  { clashTransports, userAgents }: Templates,
  dice: Dice,
): { network: string; options: JsonObject } | undefined {
  const { transport, inbound, host, path, gunPath } = entry;
  const userAgent = drawUserAgent(entry, userAgents, dice);
  switch (transport) {
    case 'raw': {
      if (inbound.headerType !== 'http') {
        const options = {
          ...part(clashTransports, 'tcp-opts'),
          ...(path && { path: [path] }),
          ...(host && { headers: { Host: host } }),
        };
        return { network: 'tcp', options };
      }
      const settings = part(clashTransports, 'http-opts');
      const headers = {
        ...part(settings, 'headers'),
        ...(host && { Host: [host] }),
        ...(userAgent && { 'User-Agent': [userAgent] }),
      };
      return { network: 'http', options: { ...settings, ...(path && { path: [path] }), headers } };
    }
    case 'ws':
    case 'httpupgrade': {
      const settings = part(clashTransports, 'ws-opts');
      const { path: plainPath, earlyData } = splitEarlyData(path);
      const headers = {
        ...part(settings, 'headers'),
        ...(host && { Host: host }),
        ...(userAgent && { 'User-Agent': userAgent }),
      };
      const options = {
        ...settings,
        ...(plainPath && { path: plainPath }),
        ...(Object.keys(headers).length > 0 && { headers }),
        ...(transport === 'httpupgrade' && { 'v2ray-http-upgrade': true }),
        ...(transport === 'ws' &&
          earlyData !== undefined && {
            'max-early-data': earlyData,
            'early-data-header-name': 'Sec-WebSocket-Protocol',
          }),
      };
      return { network: 'ws', options };
    }
    case 'grpc':
      return {
        network: 'grpc',
        options: {
          ...part(clashTransports, 'grpc-opts'),
          'grpc-service-name': mihomoServiceName(gunPath),
        },
      };
    case 'http':
      return {
        network: 'h2',
        options: {
          ...part(clashTransports, 'h2-opts'),
          ...(path && { path }),
          ...(host && { host: [host] }),
        },
      };
    case 'xhttp':
      return inbound.xhttp && { network: 'xhttp', options: mihomoXhttp(inbound.xhttp, path, host) };
    default:
      return undefined;
  }
}

/** mihomo dials what begins with a slash as it stands, where Xray's servers have a service without a name before it. */
function mihomoServiceName(name: string): string {
  if (name === '') return '//Tun';
  return /^\/[^/]*$/.test(name) ? `/${escapeServiceName(name)}` : escapeServiceName(name);
}
