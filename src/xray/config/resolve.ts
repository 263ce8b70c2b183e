import { InvalidCoreConfig } from './errors.js';
import { object, text } from './json.js';
import { isPort } from './ports.js';
import { NO_SECURITY, type ReadCertificate, resolveSecurity } from './security.js';
import { isShadowsocks2022 } from './shadowsocks-2022.js';
import { PLAIN_TRANSPORT, resolveTransport } from './transport.js';
import { type CoreConfigJson, PROTOCOLS, type Protocol, type ResolvedInbound } from './types.js';
import { vlessEncryption } from './vless-encryption.js';

export interface ResolveOptions {
  /** Tags that the panel leaves alone: no users, no hosts. */
  excludeTags: readonly string[];
  /** The inbound whose port and security are borrowed by inbounds without a port; empty for none. */
  fallbacksTag: string;
  readCertificate: ReadCertificate;
}

type Inbound = CoreConfigJson['inbounds'][number];

/**
 * The inbounds whose users the panel manages, in the order of the config.
 * Source: Marzban `app/xray/config.py`. An inbound without a usable port is refused here, and shadowsocks methods
 * that allow one user only are left to the operator.
 * @throws InvalidCoreConfig
 */
export function resolveInbounds(config: CoreConfigJson, options: ResolveOptions): ResolvedInbound[] {
  const fallback = config.inbounds.find(
    ({ tag }) => options.fallbacksTag !== '' && tag === options.fallbacksTag,
  );
  return config.inbounds
    .filter((inbound) => whyUnmanaged(inbound, options.excludeTags) === undefined)
    .map((inbound) => resolveInbound(inbound, fallback, options.readCertificate));
}

/** The inbounds that the panel leaves alone, each with the reason. */
export function unmanagedInbounds(
  config: CoreConfigJson,
  { excludeTags }: Pick<ResolveOptions, 'excludeTags'>,
): { tag: string; reason: string }[] {
  return config.inbounds.flatMap((inbound) => {
    const reason = whyUnmanaged(inbound, excludeTags);
    return reason === undefined ? [] : [{ tag: inbound.tag, reason }];
  });
}

function resolveInbound(
  inbound: Inbound,
  fallback: Inbound | undefined,
  read: ReadCertificate,
): ResolvedInbound {
  const { tag } = inbound;
  const stream = object(inbound.streamSettings);
  const lender = inbound.port === undefined ? fallback : undefined;
  const hasStream = Object.keys(stream).length > 0;
  const secured = lender ? object(lender.streamSettings) : stream;
  return {
    tag,
    protocol: inbound.protocol as Protocol,
    port: resolvePort(inbound, lender),
    ...(hasStream ? resolveTransport(tag, stream) : PLAIN_TRANSPORT),
    ...(hasStream ? resolveSecurity(tag, secured, read) : NO_SECURITY),
    isFallback: lender !== undefined,
    ...resolveSettings(inbound),
  };
}

function resolveSettings(
  inbound: Inbound,
): Pick<ResolvedInbound, 'shadowsocksMethod' | 'shadowsocksServerKey' | 'defaultFlow' | 'encryption'> {
  const settings = object(inbound.settings);
  if (inbound.protocol === 'vless') {
    const encryption = vlessEncryption(text(settings.decryption));
    const encrypted = encryption !== 'none' && { encryption: encryption ?? null };
    return { shadowsocksMethod: null, defaultFlow: text(settings.flow), ...encrypted };
  }
  if (inbound.protocol !== 'shadowsocks') return { shadowsocksMethod: null, defaultFlow: '' };
  const method = text(settings.method) || null;
  const serverKey = isShadowsocks2022(method) && { shadowsocksServerKey: text(settings.password) };
  return { shadowsocksMethod: method, defaultFlow: '', ...serverKey };
}

function resolvePort(inbound: Inbound, lender: Inbound | undefined): number | string {
  const port = lender ? lender.port : inbound.port;
  if (port === undefined || port === null) {
    if (lender) throw new InvalidCoreConfig("fallbacks inbound doesn't have port");
    if (isUnixSocket(text(inbound.listen))) return 0;
    throw new InvalidCoreConfig(`inbound ${inbound.tag} doesn't have port`);
  }
  if (!isPort(port)) throw new InvalidCoreConfig(`port of inbound ${(lender ?? inbound).tag} is not valid`);
  return port;
}

function isUnixSocket(listen: string): boolean {
  return listen.startsWith('/') || listen.startsWith('@');
}

function whyUnmanaged(
  { tag, protocol, settings }: Inbound,
  excludeTags: readonly string[],
): string | undefined {
  if (excludeTags.includes(tag)) return 'XRAY_EXCLUDE_INBOUND_TAGS names it';
  // Xray's only shadowsocks method of 2022 without a list of users.
  if (protocol === 'shadowsocks' && object(settings).method === '2022-blake3-chacha20-poly1305')
    return '2022-blake3-chacha20-poly1305 knows a single user only';
  return PROTOCOLS.some((managed) => managed === protocol)
    ? undefined
    : `${protocol} has no users of the panel`;
}
