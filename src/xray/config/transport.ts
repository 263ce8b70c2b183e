import { InvalidCoreConfig } from './errors.js';
import { isObject, object, text, texts } from './json.js';
import type { JsonObject, JsonValue, ResolvedInbound } from './types.js';

/** Names of one transport. The settings of the first name that has some are the ones Xray reads. */
const ALIASES = [
  ['raw', 'tcp'],
  ['xhttp', 'splithttp'],
  ['kcp', 'mkcp'],
  ['ws', 'websocket'],
  ['http', 'h2', 'h3'],
];

type Transport = Pick<
  ResolvedInbound,
  'network' | 'headerType' | 'path' | 'host' | 'heartbeatPeriod' | 'multiMode' | 'xhttp' | 'finalmask'
>;

/** The transport without stream settings. */
export const PLAIN_TRANSPORT: Transport = { network: 'tcp', headerType: '', path: '', host: [] };

/** The first of a transport's names, by which rules about it can be written. */
export function transportName(network: string): string {
  const name = network.toLowerCase();
  return ALIASES.find((names) => names.includes(name))?.[0] ?? name;
}

/**
 * What a client must know of an inbound's transport.
 * Source: Marzban `app/xray/config.py`; here also the aliases of newer cores (`method` for `network` among them),
 * the `extra` object of xhttp, and hosts always as a list.
 */
export function resolveTransport(tag: string, stream: JsonObject): Transport {
  const network = text(stream.method) || text(stream.network) || 'tcp';
  const settings = transportSettings(stream, network);
  const path = text(settings.path);
  const finalmask = isObject(stream.finalmask) && { finalmask: stream.finalmask };
  const common = { network, headerType: '', path, host: texts(settings.host), ...finalmask };
  switch (transportName(network)) {
    case 'raw':
      return { ...common, ...httpHeader(tag, settings) };
    case 'ws':
      return { ...common, ...webSocket(tag, settings) };
    case 'grpc':
    case 'gun':
      return {
        ...common,
        path: text(settings.serviceName),
        host: texts(settings.authority),
        multiMode: settings.multiMode === true,
      };
    case 'quic':
      return {
        ...common,
        headerType: text(object(settings.header).type),
        path: text(settings.key),
        host: texts(settings.security),
      };
    case 'xhttp':
      return { ...common, xhttp: xhttp(settings) };
    case 'kcp': {
      const header = object(settings.header);
      return {
        ...common,
        headerType: text(header.type),
        path: text(settings.seed),
        host: texts(header.domain),
      };
    }
    case 'http':
      return { ...common, host: texts(settings.host ?? settings.Host) };
    default:
      return { ...common, host: texts(settings.host).slice(0, 1) };
  }
}

function transportSettings(stream: JsonObject, network: string): JsonObject {
  const name = network.toLowerCase();
  const names =
    name === 'h2' || name === 'h3' ? ['http'] : (ALIASES.find((all) => all.includes(name)) ?? [network]);
  const found = names.map((candidate) => stream[`${candidate}Settings`]).find(isObject);
  return found ?? {};
}

function httpHeader(tag: string, settings: JsonObject): Pick<Transport, 'headerType' | 'path' | 'host'> {
  const header = object(settings.header);
  const request = object(header.request);
  const host = headerHost(request.headers);
  if (typeof request.path === 'string' || typeof host === 'string') {
    throw new InvalidCoreConfig(
      `Settings of ${tag} for path and host must be list, not str\n` +
        'https://xtls.github.io/config/transports/tcp.html#httpheaderobject',
    );
  }
  return { headerType: text(header.type), path: texts(request.path)[0] ?? '', host: texts(host) };
}

function webSocket(tag: string, settings: JsonObject): Pick<Transport, 'host' | 'heartbeatPeriod'> {
  const host = settings.host || headerHost(settings.headers);
  if (Array.isArray(settings.path) || Array.isArray(host)) {
    throw new InvalidCoreConfig(
      `Settings of ${tag} for path and host must be str, not list\n` +
        'https://xtls.github.io/config/transports/websocket.html#websocketobject',
    );
  }
  return { host: texts(host), heartbeatPeriod: number(settings.heartbeatPeriod, 0) };
}

/** The `Host` among headers, whose names have no case. */
function headerHost(headers: JsonValue | undefined): JsonValue | undefined {
  return Object.entries(object(headers)).find(([name]) => name.toLowerCase() === 'host')?.[1];
}

/** What a client must or may do as the server does; the rest is the server's own. */
const XHTTP_SHARED = [
  ...['headers', 'xPaddingObfsMode', 'xPaddingKey', 'xPaddingHeader', 'xPaddingPlacement', 'xPaddingMethod'],
  ...['uplinkHTTPMethod', 'sessionPlacement', 'sessionKey', 'seqPlacement', 'seqKey'],
  ...['sessionIDPlacement', 'sessionIDKey', 'sessionIDTable', 'sessionIDLength'],
  ...['uplinkDataPlacement', 'uplinkDataKey', 'uplinkChunkSize', 'downloadSettings'],
];

/** An `extra` object replaces everything but host, path and mode, in the core as here. */
function xhttp(settings: JsonObject): NonNullable<Transport['xhttp']> {
  const fields = isObject(settings.extra) ? settings.extra : settings;
  const shared = Object.fromEntries(
    XHTTP_SHARED.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),
  );
  return {
    scMaxEachPostBytes: numberOrRange(fields.scMaxEachPostBytes, 1_000_000),
    scMaxConcurrentPosts: numberOrRange(fields.scMaxConcurrentPosts, 100),
    scMinPostsIntervalMs: numberOrRange(fields.scMinPostsIntervalMs, 30),
    xPaddingBytes: numberOrRange(fields.xPaddingBytes, '100-1000'),
    xmux: object(fields.xmux),
    mode: text(settings.mode) || 'auto',
    noGRPCHeader: fields.noGRPCHeader === true,
    keepAlivePeriod: number(fields.keepAlivePeriod, 0),
    ...(Object.keys(shared).length > 0 && { shared }),
    ...(isObject(settings.extra) && { extra: settings.extra }),
  };
}

function number(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function numberOrRange(value: JsonValue | undefined, otherwise: number | string): number | string {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? value : otherwise;
}
