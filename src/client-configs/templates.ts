import type { JsonObject } from '../xray/config/index.js';
import type { Entry } from './entry.js';
import type { Dice } from './types.js';

/** What an operator may replace in the documents. */
export interface Templates {
  /** Xray's config; gets `remarks`, and the entry before its own outbounds. */
  xray: JsonObject;
  /** What the transports of an Xray entry begin with, e.g. `wsSettings`. */
  xrayTransports: JsonObject;
  /** A sing-box profile; its `selector` and `urltest` outbounds list the entries. */
  singBox: JsonObject;
  /** The profile for sing-box before 1.12, which knows neither the new DNS servers nor all rule actions. */
  singBoxBefore112: JsonObject;
  singBoxTransports: JsonObject;
  /** The whole Clash config around the proxies of these names. */
  clash: (proxies: JsonObject[], names: string[]) => JsonObject;
  /** What the transports of a Clash proxy begin with, e.g. `ws-opts`. */
  clashTransports: JsonObject;
  mux: { xray: JsonObject; singBox: JsonObject; clash: JsonObject };
  /** One of them is drawn for each entry whose host wants a random user agent. */
  userAgents: readonly string[];
  grpcUserAgents: readonly string[];
}

const localInbound = (protocol: string, port: number): JsonObject => ({
  tag: protocol,
  port,
  listen: '0.0.0.0',
  protocol,
  sniffing: { enabled: true, destOverride: ['http', 'tls'], routeOnly: false },
  settings: { auth: 'noauth', udp: true, allowTransparent: false },
});
const NO_CACHE = { headers: { Pragma: 'no-cache' } };
const TUN_INBOUND = {
  type: 'tun',
  tag: 'tun-in',
  interface_name: 'sing-tun',
  address: ['172.19.0.1/30', 'fdfe:dcba:9876::1/126'],
  auto_route: true,
  route_exclude_address: ['192.168.0.0/16', 'fc00::/7'],
};
const GROUPS = [
  { type: 'selector', tag: 'proxy', outbounds: [], interrupt_exist_connections: true },
  { type: 'urltest', tag: 'Best Latency', outbounds: [] },
  { type: 'direct', tag: 'direct' },
];
const ROUTE_PRIVATE = { ip_is_private: true, outbound: 'direct' };

/**
 * The documents without an operator's templates. Source: those of Marzban 0.8.4, but for the sing-box profile, whose
 * syntax is of 1.12 and newer, and multiplexing for sing-box and Clash, which Xray's servers do not speak.
 */
export const DEFAULT_TEMPLATES: Templates = {
  xray: {
    log: { access: '', error: '', loglevel: 'warning' },
    inbounds: [localInbound('socks', 10808), localInbound('http', 10809)],
    outbounds: [],
    dns: { servers: ['1.1.1.1', '8.8.8.8'] },
    routing: { domainStrategy: 'AsIs', rules: [] },
  },
  xrayTransports: {
    grpcSettings: {
      idle_timeout: 60,
      health_check_timeout: 20,
      permit_without_stream: false,
      initial_windows_size: 0,
    },
    kcpSettings: {
      mtu: 1350,
      tti: 50,
      uplinkCapacity: 5,
      downlinkCapacity: 20,
      congestion: false,
      readBufferSize: 2,
      writeBufferSize: 2,
    },
    tcpSettings: { header: { type: 'none' } },
    wsSettings: NO_CACHE,
    httpupgradeSettings: NO_CACHE,
    splithttpSettings: NO_CACHE,
  },
  singBox: {
    log: { level: 'warn' },
    dns: {
      servers: [
        { type: 'udp', tag: 'dns-remote', server: '1.1.1.2', detour: 'proxy' },
        { type: 'local', tag: 'dns-local' },
      ],
      final: 'dns-remote',
      strategy: 'prefer_ipv4',
    },
    inbounds: [TUN_INBOUND],
    outbounds: GROUPS,
    route: {
      rules: [{ action: 'sniff' }, { protocol: 'dns', action: 'hijack-dns' }, ROUTE_PRIVATE],
      final: 'proxy',
      auto_detect_interface: true,
      default_domain_resolver: 'dns-local',
    },
    experimental: { cache_file: { enabled: true } },
  },
  singBoxBefore112: {
    log: { level: 'warn' },
    dns: {
      servers: [
        { tag: 'dns-remote', address: '1.1.1.2', detour: 'proxy' },
        { tag: 'dns-local', address: 'local', detour: 'direct' },
      ],
      rules: [{ outbound: 'any', server: 'dns-local' }],
      final: 'dns-remote',
      strategy: 'prefer_ipv4',
    },
    inbounds: [{ ...TUN_INBOUND, sniff: true, domain_strategy: 'prefer_ipv4' }],
    outbounds: [...GROUPS, { type: 'block', tag: 'block' }, { type: 'dns', tag: 'dns-out' }],
    route: {
      rules: [{ protocol: 'dns', outbound: 'dns-out' }, ROUTE_PRIVATE],
      final: 'proxy',
      auto_detect_interface: true,
      override_android_vpn: true,
    },
    experimental: { cache_file: { enabled: true, store_rdrc: true } },
  },
  singBoxTransports: {
    grpcSettings: { idle_timeout: '15s', ping_timeout: '15s', permit_without_stream: false },
  },
  clash: (proxies, names) => ({
    mode: 'Global',
    port: 7890,
    proxies,
    rules: [],
    'proxy-groups': [
      {
        name: '♻️ Automatic',
        type: 'url-test',
        url: 'http://www.gstatic.com/generate_204',
        interval: 300,
        // Without entries nothing goes out, rather than past the proxy.
        proxies: names.length > 0 ? names : ['REJECT'],
      },
    ],
  }),
  clashTransports: {
    'http-opts': { 'ip-version': 'dual', method: 'GET', headers: { Connection: ['keep-alive'] } },
    'grpc-opts': { 'ip-version': 'dual' },
    'h2-opts': { 'ip-version': 'dual' },
    'ws-opts': { 'ip-version': 'dual' },
    'tcp-opts': { 'ip-version': 'dual' },
  },
  mux: {
    xray: { enabled: true, concurrency: 8, xudpConcurrency: 8, xudpProxyUDP443: 'reject' },
    singBox: { enabled: false },
    clash: { enabled: false },
  },
  userAgents: [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
    'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
  ],
  grpcUserAgents: [
    'grpc-go/1.76.0',
    'grpc-java-okhttp/1.76.0',
    'grpc-java-netty/1.76.0',
    'grpc-node-js/1.14.1',
    'grpc-python/1.76.0 grpc-c/51.0.0 (linux; chttp2)',
    'grpc-dotnet/2.71.0 (.NET 9.0.10; CLR 9.0.10; net9.0; windows; x64)',
  ],
};

/** A random user agent if the entry's host wants one, and there are any. */
export function drawUserAgent(entry: Entry, userAgents: readonly string[], dice: Dice): string | undefined {
  if (!entry.dial.randomUserAgent || userAgents.length === 0) return undefined;
  return userAgents[userAgents.length === 1 ? 0 : dice.pick(userAgents.length)];
}
