import { isObject } from './json.js';
import type { JsonObject, JsonValue } from './types.js';

/**
 * The names of an object's keys as this program reads them, each with what it holds: another object, a list of them,
 * a word that may be in any case, or anything.
 */
interface Shape {
  [key: string]: Kind;
}
type Kind = 'anything' | 'word' | Shape | readonly [Shape] | (() => Shape);

/** Objects whose keys are the operator's: they stay as they are. */
const anything = 'anything';

function names(...keys: string[]): Shape {
  return Object.fromEntries(keys.map((key) => [key, anything]));
}

const HEADER: Shape = {
  type: 'word',
  request: names('version', 'method', 'path', 'headers'),
  response: anything,
};

const XHTTP: Shape = {
  ...names('host', 'path', 'mode', 'headers', 'uplinkHTTPMethod', 'noGRPCHeader', 'noSSEHeader'),
  ...names('xPaddingBytes', 'xPaddingObfsMode', 'xPaddingKey', 'xPaddingHeader'),
  ...names('xPaddingPlacement', 'xPaddingMethod'),
  ...names('sessionPlacement', 'sessionKey', 'seqPlacement', 'seqKey'),
  ...names('sessionIDPlacement', 'sessionIDKey', 'sessionIDTable', 'sessionIDLength'),
  ...names('uplinkDataPlacement', 'uplinkDataKey', 'uplinkChunkSize'),
  ...names('scMaxEachPostBytes', 'scMinPostsIntervalMs', 'scMaxBufferedPosts', 'scMaxConcurrentPosts'),
  ...names('scStreamUpServerSecs', 'serverMaxHeaderBytes', 'keepAlivePeriod'),
  xmux: {
    ...names('maxConcurrency', 'maxConnections', 'cMaxReuseTimes', 'hMaxRequestTimes', 'hMaxReusableSecs'),
    ...names('hKeepAlivePeriod'),
  },
  downloadSettings: () => STREAM,
  extra: () => XHTTP,
};

const TLS: Shape = {
  ...names('serverName', 'alpn', 'fingerprint', 'minVersion', 'maxVersion', 'rejectUnknownSni'),
  ...names('pinnedPeerCertSha256', 'verifyPeerCertByName', 'echServerKeys', 'echConfigList'),
  certificates: [names('certificateFile', 'certificate', 'keyFile', 'key', 'usage')],
};

const REALITY: Shape = {
  ...names('show', 'target', 'dest', 'type', 'xver', 'serverNames', 'serverName', 'privateKey', 'publicKey'),
  ...names('password', 'shortIds', 'shortId', 'minClientVer', 'maxClientVer', 'maxTimeDiff', 'fingerprint'),
  ...names('mldsa65Seed', 'mldsa65Verify', 'spiderX'),
};

const MASK = names('type', 'settings');

const STREAM: Shape = {
  network: 'word',
  method: 'word',
  security: 'word',
  address: anything,
  port: anything,
  finalmask: { tcp: [MASK], udp: [MASK], quicParams: anything },
  tlsSettings: TLS,
  realitySettings: REALITY,
  rawSettings: { ...names('acceptProxyProtocol'), header: HEADER },
  tcpSettings: { ...names('acceptProxyProtocol'), header: HEADER },
  xhttpSettings: XHTTP,
  splithttpSettings: XHTTP,
  kcpSettings: { ...names('mtu', 'tti', 'seed'), header: HEADER },
  grpcSettings: {
    ...names('authority', 'serviceName', 'multiMode', 'idle_timeout', 'health_check_timeout'),
    ...names('permit_without_stream', 'initial_windows_size', 'user_agent'),
  },
  wsSettings: names('host', 'path', 'headers', 'acceptProxyProtocol', 'heartbeatPeriod'),
  httpupgradeSettings: names('host', 'path', 'headers', 'acceptProxyProtocol'),
  // Those of older cores.
  httpSettings: names('host', 'path', 'headers', 'method'),
  quicSettings: { ...names('security', 'key'), header: HEADER },
  sockopt: names('acceptProxyProtocol'),
};

const CLIENT = names('id', 'email', 'level', 'flow', 'password', 'method');

const INBOUND: Shape = {
  protocol: 'word',
  ...names('tag', 'port', 'listen', 'sniffing', 'allocate'),
  settings: {
    ...names('decryption', 'fallbacks', 'flow', 'method', 'password', 'network', 'email', 'level'),
    clients: [CLIENT],
    users: [CLIENT],
  },
  streamSettings: STREAM,
};

const CONFIG: Shape = {
  log: names('access', 'error', 'loglevel', 'dnsLog', 'maskAddress'),
  ...names('api', 'stats', 'dns', 'reverse', 'fakeDns', 'metrics', 'observatory', 'burstObservatory'),
  ...names('version', 'transport'),
  policy: {
    levels: {
      '0': {
        ...names('handshake', 'connIdle', 'uplinkOnly', 'downlinkOnly', 'bufferSize'),
        ...names('statsUserUplink', 'statsUserDownlink', 'statsUserOnline'),
      },
    },
    system: names(
      'statsInboundUplink',
      'statsInboundDownlink',
      'statsOutboundUplink',
      'statsOutboundDownlink',
    ),
  },
  routing: names('domainStrategy', 'domainMatcher', 'rules', 'balancers'),
  inbounds: [INBOUND],
  outbounds: [{ protocol: 'word', ...names('tag', 'settings', 'streamSettings', 'sendThrough', 'mux') }],
};

const byFoldedName = new WeakMap<Shape, Map<string, string>>();

/**
 * A core config with the names of its keys, its protocols and its transports in the case that Xray's documentation has
 * for them. Xray takes any (Go folds the case of keys; of two that are one then, the later counts), and so whoever
 * reads a config after this need not care. Keys that are the operator's own, such as those of headers, stay.
 */
export function canonicalSpelling(config: JsonValue): JsonValue {
  return isObject(config) ? spelled(config, CONFIG) : config;
}

function spelled(value: JsonObject, shape: Shape): JsonObject {
  const members = new Map<string, JsonValue>();
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const name = nameOf(key, shape);
    const kind = Object.hasOwn(shape, name) ? shape[name]! : anything;
    const before = members.get(name);
    const now = memberOf(member, kind);
    members.set(name, isObject(before) && isObject(now) ? { ...before, ...now } : now);
  }
  return Object.fromEntries(members);
}

function nameOf(key: string, shape: Shape): string {
  if (Object.hasOwn(shape, key)) return key; // mostly, and much cheaper than folding
  return foldedNames(shape).get(folded(key)) ?? key;
}

function memberOf(value: JsonValue, kind: Kind): JsonValue {
  if (kind === 'anything') return value;
  if (kind === 'word') return typeof value === 'string' ? value.toLowerCase() : value;
  if (typeof kind === 'function') return memberOf(value, kind());
  if (isList(kind)) {
    const [shape] = kind;
    return Array.isArray(value) ? value.map((item) => (isObject(item) ? spelled(item, shape) : item)) : value;
  }
  return isObject(value) ? spelled(value, kind) : value;
}

function isList(kind: Shape | readonly [Shape]): kind is readonly [Shape] {
  return Array.isArray(kind);
}

function foldedNames(shape: Shape): Map<string, string> {
  let known = byFoldedName.get(shape);
  if (!known)
    byFoldedName.set(shape, (known = new Map(Object.keys(shape).map((name) => [folded(name), name]))));
  return known;
}

/** As Go folds: to lower case, and the long s is an s. */
function folded(key: string): string {
  return key.toLowerCase().replaceAll('ſ', 's');
}
