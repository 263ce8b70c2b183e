import type { JsonObject, JsonValue } from '../xray/config/index.js';
import { splitEarlyData } from './early-data.js';
import { canMux, type Entry, type EntryAccount } from './entry.js';
import { echConfigs, knownBrowser, needsXray } from './needs.js';
import { namesIn, part, parts } from './part.js';
import { drawUserAgent, type Templates } from './templates.js';
import type { Dice } from './types.js';
import { UniqueNames } from './unique-names.js';
import { writeIndentedJson } from './write-json.js';

/** What the groups of the profile may hold. */
const PROXY_TYPES = new Set<JsonValue | undefined>(['vmess', 'vless', 'trojan', 'shadowsocks']);

/** Stands in the groups when there is no entry: sing-box refuses empty ones. Nothing listens there. */
const NOTHING: JsonObject = { type: 'socks', tag: 'No servers', server: '127.0.0.1', server_port: 1 };

/**
 * A sing-box profile with all entries that sing-box can use; one that it does not know would spoil the whole profile.
 * `profile` is the one to put them into. Older cores are often built without ECH, which servers can do without.
 * Source: Marzban `app/subscription/singbox.py`; differences are listed in `docs/compatibility.md`.
 */
export function writeSingBox(
  entries: readonly Entry[],
  { profile, hasEch }: { profile: JsonObject; hasEch: boolean },
  templates: Templates,
  dice: Dice,
): string {
  // It refuses a profile in which two have one tag, and knows an outbound without a tag by its number only.
  const own = [...parts(profile, 'outbounds'), ...parts(profile, 'endpoints')];
  const names = new UniqueNames(namesIn(own, 'tag'));
  const proxies = entries.flatMap((entry) => {
    const outbound = outboundOf(entry, hasEch, templates, dice);
    const tag = entry.remark || entry.address;
    return outbound ? [{ type: outbound.type, tag: names.give(tag), ...outbound }] : [];
  });
  return writeIndentedJson(
    { ...profile, outbounds: fillGroups([...parts(profile, 'outbounds'), ...proxies]) },
    4,
  );
}

function fillGroups(outbounds: JsonObject[]): JsonObject[] {
  const tags = (wanted: (outbound: JsonObject) => boolean) => outbounds.filter(wanted).map(({ tag }) => tag!);
  const proxies = tags(({ type }) => PROXY_TYPES.has(type));
  if (proxies.length === 0) {
    const groups = outbounds.filter(({ type }) => type === 'selector' || type === 'urltest');
    if (groups.length > 0) return fillWith(outbounds, [NOTHING.tag!], [NOTHING.tag!]).concat(NOTHING);
  }
  return fillWith(outbounds, proxies, [...tags(({ type }) => type === 'urltest'), ...proxies]);
}

function fillWith(outbounds: JsonObject[], tested: JsonValue[], selectable: JsonValue[]): JsonObject[] {
  return outbounds.map((outbound) => {
    if (outbound.type === 'urltest') return { ...outbound, outbounds: tested };
    return outbound.type === 'selector' ? { ...outbound, outbounds: selectable } : outbound;
  });
}

/** The outbound without its tag, or undefined for what sing-box cannot do. */
function outboundOf(entry: Entry, hasEch: boolean, templates: Templates, dice: Dice): JsonObject | undefined {
  const { address, port, account, security, inbound } = entry;
  if (needsXray(entry)) return undefined;
  const transport = TRANSPORTS[entry.transport]?.(entry, templates, dice);
  if (!transport || !isPath(transport.path)) return undefined;
  if (account.protocol === 'vless' && account.encryption !== 'none') return undefined;
  const plain = Object.keys(transport).length === 0;
  // Shadowsocks knows no transports and no TLS.
  if (account.protocol === 'shadowsocks' && !(plain && security === 'none')) return undefined;
  const flow = account.protocol === 'vless' && inbound.headerType !== 'http' ? account.flow : '';
  return {
    type: account.protocol,
    server: address,
    server_port: port,
    ...(flow && { flow }),
    ...(!plain && { transport }),
    ...(security !== 'none' && { tls: tlsOf(entry, hasEch) }),
    // Only where the operator's template has it, for servers that speak it.
    ...(canMux(entry) && templates.mux.singBox.enabled === true && { multiplex: templates.mux.singBox }),
    ...credentials(account),
  };
}

/** Whether it is a path of a URL, as sing-box demands: a percent sign begins an escape. */
function isPath(path: JsonValue | undefined): boolean {
  return typeof path !== 'string' || !/%(?![\da-f]{2})/i.test(path);
}

function credentials(account: EntryAccount): JsonObject {
  switch (account.protocol) {
    case 'vmess':
    case 'vless':
      return { uuid: account.id };
    case 'trojan':
      return { password: account.password };
    case 'shadowsocks':
      return { password: account.password, method: account.method };
  }
}

/** HTTP/2 and HTTP/3 are told from HTTP/1 by ALPN only. */
const FORCED_ALPN: Record<string, string[]> = { h2: ['h2'], h3: ['h3'] };
/** These begin with a request of HTTP/1.1, which a server that chose HTTP/2 does not expect. Other cores know. */
const UPGRADED = new Set(['ws', 'httpupgrade']);

function tlsOf(entry: Entry, hasEch: boolean): JsonObject {
  const { security, sni, dial, inbound, shortId, fingerprint, network, transport, alpn } = entry;
  const fitting = UPGRADED.has(transport) ? alpn.filter((version) => version === 'http/1.1') : alpn;
  const offered = FORCED_ALPN[network] ?? fitting;
  // REALITY hides in a browser's handshake, so it needs one.
  const browser = knownBrowser(fingerprint || (security === 'reality' ? 'chrome' : ''));
  const ech = security === 'tls' && hasEch && echConfigs(inbound);
  return {
    enabled: true,
    server_name: sni,
    ...(security === 'tls' && dial.allowInsecure && { insecure: true }),
    ...(security === 'reality' && {
      reality: {
        enabled: true,
        ...(inbound.pbk && { public_key: inbound.pbk }),
        ...(shortId && { short_id: shortId }),
      },
    }),
    ...(browser && { utls: { enabled: true, fingerprint: browser } }),
    ...(offered.length > 0 && { alpn: offered }),
    ...(ech && { ech: { enabled: true, config: pem('ECH CONFIGS', ech) } }),
  };
}

/** In lines. */
function pem(label: string, base64: string): string[] {
  return [`-----BEGIN ${label}-----`, ...(base64.match(/.{1,64}/g) ?? []), `-----END ${label}-----`];
}

type WriteTransport = (entry: Entry, templates: Templates, dice: Dice) => JsonObject | undefined;

/** The settings of each transport by its name; empty for plain TCP, undefined for what sing-box cannot do. */
const TRANSPORTS: Record<string, WriteTransport> = {
  raw: (entry, templates, dice) => {
    if (entry.inbound.headerType !== 'http') return {};
    // With TLS it would speak HTTP/2, and Xray's header is of HTTP/1.1.
    return entry.security === 'none' ? http(entry, templates, dice) : undefined;
  },
  http: (entry, templates, dice) => http(entry, templates, dice),
  ws: (entry, { singBoxTransports, userAgents }, dice) => {
    const settings = part(singBoxTransports, 'wsSettings', { headers: {} });
    const userAgent = drawUserAgent(entry, userAgents, dice);
    const { path, earlyData } = splitEarlyData(entry.path);
    return {
      ...settings,
      headers: {
        ...part(settings, 'headers'),
        ...(entry.host && { Host: entry.host }),
        ...(userAgent && { 'User-Agent': userAgent }),
      },
      ...(path && { path }),
      ...(earlyData !== undefined && {
        max_early_data: earlyData,
        early_data_header_name: 'Sec-WebSocket-Protocol',
      }),
      type: 'ws',
    };
  },
  grpc: ({ gunPath }, { singBoxTransports }) => {
    if (gunPath.startsWith('/')) return undefined; // it knows names only, which it escapes itself
    return {
      ...part(singBoxTransports, 'grpcSettings'),
      ...(gunPath && { service_name: gunPath }),
      type: 'grpc',
    };
  },
  httpupgrade: (entry, { singBoxTransports, userAgents }, dice) => {
    const settings = part(singBoxTransports, 'httpupgradeSettings', { headers: {} });
    const userAgent = drawUserAgent(entry, userAgents, dice);
    const { path } = splitEarlyData(entry.path);
    return {
      ...settings,
      headers: { ...part(settings, 'headers'), ...(userAgent && { 'User-Agent': userAgent }) },
      host: entry.host,
      ...(path && { path }),
      type: 'httpupgrade',
    };
  },
};

const DEFAULT_HTTP = { idle_timeout: '15s', ping_timeout: '15s', method: 'GET' };

function http(entry: Entry, { singBoxTransports, userAgents }: Templates, dice: Dice): JsonObject {
  const settings = part(singBoxTransports, 'httpSettings', DEFAULT_HTTP);
  const userAgent = drawUserAgent(entry, userAgents, dice);
  return {
    ...settings,
    headers: { ...part(settings, 'headers'), ...(userAgent && { 'User-Agent': userAgent }) },
    host: entry.host ? [entry.host] : [],
    // It would take a query for a part of the path, of which alone the server thinks.
    ...(entry.path && { path: entry.path.replace(/\?.*$/s, '') }),
    type: 'http',
  };
}
