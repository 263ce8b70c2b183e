import type { JsonObject } from '../xray/config/index.js';
import { carriesTcpAlone, type Entry, type EntryAccount } from './entry.js';
import { part, parts } from './part.js';
import { certificatePins } from './pins.js';
import { drawUserAgent, type Templates } from './templates.js';
import type { Dice } from './types.js';
import { writeIndentedJson } from './write-json.js';
import { xhttpExtra } from './xhttp.js';

/**
 * Xray's own configs, one for each entry. Entries over transports that no Xray has any more are left out.
 * Source: Marzban `app/subscription/v2ray.py`; differences are listed in `docs/compatibility.md`.
 */
export function writeXrayJson(entries: readonly Entry[], templates: Templates, dice: Dice): string {
  const own = parts(templates.xray, 'outbounds');
  const configs = entries.flatMap((entry) => {
    const outbounds = outboundsOf(entry, templates, dice);
    return outbounds ? [{ ...templates.xray, outbounds: [...outbounds, ...own], remarks: entry.remark }] : [];
  });
  return writeIndentedJson(configs, 4);
}

function outboundsOf(entry: Entry, templates: Templates, dice: Dice): JsonObject[] | undefined {
  const { network, security, dial, account, inbound } = entry;
  const transport = TRANSPORTS[entry.transport]?.(entry, templates, dice);
  if (!transport || !canSecure(entry)) return undefined;
  const dialer = dialerOf(entry);
  const proxy = {
    tag: 'proxy',
    protocol: account.protocol,
    settings: settingsOf(entry, account),
    streamSettings: {
      network,
      ...(security !== 'none' && { security, [`${security}Settings`]: securityOf(entry) }),
      ...(Object.keys(transport).length > 0 && { [`${network}Settings`]: transport }),
      ...(inbound.finalmask && { finalmask: inbound.finalmask }),
      ...(dialer && { sockopt: { dialerProxy: 'dialer' } }),
    },
    ...(dial.muxEnable && { mux: muxOf(entry, templates) }),
  };
  return dialer ? [proxy, { tag: 'dialer', protocol: 'freedom', settings: dialer }] : [proxy];
}

/** With a flow, or over what has streams of its own, TCP goes alone: only UDP is gathered. */
function muxOf(entry: Entry, { mux }: Templates): JsonObject {
  const settings = { ...mux.xray, enabled: true };
  return carriesTcpAlone(entry) ? { xudpConcurrency: 8, ...settings, concurrency: -1 } : settings;
}

function settingsOf({ address, port }: Entry, account: EntryAccount): JsonObject {
  switch (account.protocol) {
    case 'vmess':
      return { vnext: [{ address, port, users: [{ id: account.id, alterId: 0, security: 'auto' }] }] };
    case 'vless': {
      const { id, encryption, flow } = account;
      const user = { id, encryption, ...(flow && { flow }) };
      return { vnext: [{ address, port, users: [user] }] };
    }
    case 'trojan':
      return { servers: [{ address, port, password: account.password }] };
    case 'shadowsocks': {
      const { password, method } = account;
      return { servers: [{ address, port, password, method, uot: false }] };
    }
  }
}

/** Xray refuses REALITY on other transports. */
function canSecure({ security, transport }: Entry): boolean {
  return security !== 'reality' || ['raw', 'xhttp', 'grpc'].includes(transport);
}

/**
 * Xray refuses `allowInsecure`, and with it the whole config. What it has in its place is the hash of a certificate
 * that it trusts whoever signed it, if that certificate is known.
 */
function securityOf({ security, inbound, dial, sni, fingerprint, alpn, shortId }: Entry): JsonObject {
  if (security === 'tls') {
    const pins = certificatePins(inbound, dial, sni);
    return {
      serverName: sni,
      ...(fingerprint && { fingerprint }),
      ...(alpn.length > 0 && { alpn }),
      ...(pins && { pinnedPeerCertSha256: pins }),
      ...(inbound.verifyNames && { verifyPeerCertByName: inbound.verifyNames.join() }),
      ...(inbound.ech && { echConfigList: inbound.ech }),
      show: false,
    };
  }
  return {
    serverName: sni,
    ...(fingerprint && { fingerprint }),
    show: false,
    ...(inbound.pbk && { publicKey: inbound.pbk }),
    ...(shortId && { shortId }),
    ...(inbound.spx && { spiderX: inbound.spx }),
    ...(inbound.pqv && { mldsa65Verify: inbound.pqv }),
  };
}

type WriteTransport = (entry: Entry, templates: Templates, dice: Dice) => JsonObject;

/** The settings of each transport by its name; empty for those that need none. */
const TRANSPORTS: Record<string, WriteTransport> = {
  raw: (entry, { xrayTransports: base, ...templates }, dice) => {
    const { headerType, path, host } = { ...entry, headerType: entry.inbound.headerType };
    if (entry.security === 'reality' && headerType !== 'http') return {};
    const plain = part(base, 'tcpSettings', part(base, 'rawSettings', { header: { type: 'none' } }));
    if (headerType !== 'http') {
      return { ...plain, header: { ...part(plain, 'header'), ...(headerType && { type: headerType }) } };
    }
    const settings = part(base, 'tcphttpSettings', { header: { request: DEFAULT_REQUEST } });
    const header = part(settings, 'header');
    const request = part(header, 'request');
    const userAgent = drawUserAgent(entry, templates.userAgents, dice);
    const headers = {
      ...part(request, 'headers'),
      ...(host && { Host: [host] }),
      ...(userAgent && { 'User-Agent': [userAgent] }),
    };
    return {
      ...settings,
      header: { ...header, type: 'http', request: { ...request, ...(path && { path: [path] }), headers } },
    };
  },
  ws: (entry, templates, dice) => {
    const { heartbeatPeriod } = entry.inbound;
    return { ...overHttp('wsSettings', entry, templates, dice), ...(heartbeatPeriod && { heartbeatPeriod }) };
  },
  httpupgrade: (entry, templates, dice) => overHttp('httpupgradeSettings', entry, templates, dice),
  xhttp: (entry, templates, dice) => {
    const { xhttp } = entry.inbound;
    if (!xhttp) return {};
    const common: JsonObject = { ...overHttp('splithttpSettings', entry, templates, dice), mode: xhttp.mode };
    const extra = xhttpExtra(xhttp);
    if (xhttp.extra) return { ...common, extra };
    const { scMaxEachPostBytes, scMinPostsIntervalMs, ...shared } = extra;
    const headers = { ...part(common, 'headers'), ...part(shared, 'headers') };
    return { scMaxEachPostBytes, scMinPostsIntervalMs, ...common, ...shared, headers };
  },
  grpc: (entry, templates, dice) => {
    const userAgent = drawUserAgent(entry, templates.grpcUserAgents, dice);
    return {
      ...part(templates.xrayTransports, 'grpcSettings', DEFAULT_GRPC),
      multiMode: entry.inbound.multiMode ?? false,
      ...(entry.path && { serviceName: entry.path }),
      ...(entry.host && { authority: entry.host }),
      ...(userAgent && { user_agent: userAgent }),
    };
  },
  // Current cores refuse a header or a seed, but their servers cannot have any either.
  kcp: ({ inbound: { headerType }, path, host }, { xrayTransports }) => {
    const { header, ...settings } = part(xrayTransports, 'kcpSettings', DEFAULT_KCP);
    const type = headerType || part({ header }, 'header').type || 'none';
    return {
      ...settings,
      ...(path && { seed: path }),
      ...(type !== 'none' && { header: { type, ...(host && { domain: host }) } }),
    };
  },
};

const DEFAULT_REQUEST = {
  version: '1.1',
  method: 'GET',
  headers: { 'Accept-Encoding': ['gzip', 'deflate'], Connection: ['keep-alive'], Pragma: 'no-cache' },
};
const DEFAULT_GRPC = {
  idle_timeout: 60,
  health_check_timeout: 20,
  permit_without_stream: false,
  initial_windows_size: 35_538,
};
const DEFAULT_KCP = {
  mtu: 1350,
  tti: 50,
  uplinkCapacity: 12,
  downlinkCapacity: 100,
  congestion: false,
  readBufferSize: 2,
  writeBufferSize: 2,
};

function overHttp(name: string, entry: Entry, templates: Templates, dice: Dice): JsonObject {
  const settings = part(templates.xrayTransports, name);
  const userAgent = drawUserAgent(entry, templates.userAgents, dice);
  return {
    ...settings,
    headers: { ...part(settings, 'headers'), ...(userAgent && { 'User-Agent': userAgent }) },
    ...(entry.path && { path: entry.path }),
    ...(entry.host && { host: entry.host }),
  };
}

/** How the connection itself is made, if the host wants that disguised: settings of a second outbound. */
function dialerOf({ dial: { fragmentSetting, noiseSetting } }: Entry): JsonObject | undefined {
  if (!fragmentSetting && !noiseSetting) return undefined;
  const [length = '', interval = '', packets = ''] = fragmentSetting?.split(',') ?? [];
  return {
    ...(fragmentSetting && { fragment: { packets, length, interval } }),
    ...(noiseSetting && { noises: noiseSetting.split('&').flatMap(noise) }),
  };
}

/** `type:packet`, or `type:packet,delay`. */
function noise(text: string): JsonObject[] {
  const [, type, packet, delay] = /^(\w+):(.+?)(?:,([\d-]+))?$/.exec(text) ?? [];
  return type !== undefined && packet !== undefined ? [{ type, packet, ...(delay && { delay }) }] : [];
}
