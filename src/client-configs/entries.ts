import { type Protocol, type ResolvedInbound, transportName } from '../xray/config/index.js';
import { countPorts, parsePorts, portAt } from './ports.js';
import { parseTemplate } from './template.js';
import { changed, concat, drawnOnce, oneOf, salted, type Text } from './text.js';
import type { Host, PublishedInbounds, Surroundings } from './types.js';

/** How protocols are called in remarks. */
const PROTOCOL_NAMES: Record<Protocol, string> = {
  vmess: 'VMess',
  vless: 'VLESS',
  trojan: 'Trojan',
  shadowsocks: 'Shadowsocks',
};

/** What clients have, by the first name of each; the last two only in old servers. */
export const TRANSPORTS = new Set([
  'raw',
  'ws',
  'grpc',
  'gun',
  'httpupgrade',
  'xhttp',
  'kcp',
  'http',
  'quic',
]);

/** Newer names of transports that links do not use. */
const NETWORK_ALIASES: Record<string, string> = { websocket: 'ws', mkcp: 'kcp' };

/**
 * One host of one inbound, ready for any user: what every format writes its entry from. The texts are those a user or
 * chance can change; all else is read from `inbound` and `dial`.
 */
export interface EntryPlan {
  inbound: ResolvedInbound;
  dial: Host;
  /** The transport by the name that clients know. */
  network: string;
  security: ResolvedInbound['tls'];
  remark: Text;
  /** A domain or an IP address, IPv6 without brackets. */
  address: Text;
  port: Text;
  sni: Text;
  /** The Host header, the gRPC authority, or what else the transport calls so. */
  host: Text;
  /** For gRPC the service name as a client configures it. */
  path: Text;
  /** For gRPC the service name of clients without the multi mode; else the path. */
  gunPath: Text;
  shortId: Text;
  fingerprint: string;
  /** With commas. */
  alpn: string;
}

/** A host that gives no entry, and why. */
export interface UnusableHost {
  tag: string;
  remark: string;
  reason: string;
}

/**
 * The entries that the hosts make, in the order of the core config and of the hosts. A host that no client could use
 * is left out with its reason, so that it spoils no other.
 * Source: Marzban `app/subscription/share.py`, which failed for all users in such a case.
 */
export function planEntries(
  published: PublishedInbounds,
  surroundings: Surroundings,
): { plans: EntryPlan[]; unusable: UnusableHost[] } {
  const plans: EntryPlan[] = [];
  const unusable: UnusableHost[] = [];
  for (const inbound of published.inbounds) {
    for (const dial of published.hostsByTag.get(inbound.tag) ?? []) {
      const plan = planEntry(inbound, dial, surroundings);
      if (typeof plan === 'string') unusable.push({ tag: inbound.tag, remark: dial.remark, reason: plan });
      else plans.push(plan);
    }
  }
  return { plans, unusable };
}

/** The hosts for which nobody gets an entry; whoever publishes hosts tells the operator. */
export function unusableHosts(published: PublishedInbounds, surroundings: Surroundings): UnusableHost[] {
  return planEntries(published, surroundings).unusable;
}

/** Whether a host, or its inbound, has a variable of how much time is left, maybe with a format behind its name. */
export function showsTime({ inbounds, hostsByTag }: PublishedInbounds): boolean {
  const texts = inbounds.flatMap((inbound) =>
    (hostsByTag.get(inbound.tag) ?? []).flatMap(({ remark, address, sni, host, path }) => [
      ...[remark, ...address, ...sni, ...host, path ?? ''],
      ...[...inbound.sni, ...inbound.host, inbound.path],
    ]),
  );
  return texts.some((text) => /\{(DAYS|TIME)_LEFT[}!:]/.test(text));
}

function planEntry(inbound: ResolvedInbound, dial: Host, surroundings: Surroundings): EntryPlan | string {
  const known = {
    SERVER_IP: surroundings.serverIp,
    SERVER_IPV6: surroundings.serverIpv6,
    PROTOCOL: PROTOCOL_NAMES[inbound.protocol],
    TRANSPORT: inbound.network,
  };
  if (!TRANSPORTS.has(transportName(inbound.network)))
    return `no client knows the transport ${inbound.network}`;
  if (inbound.encryption === null) return 'the decryption of its inbound is not understood';
  const remark = parseTemplate(dial.remark, known);
  if (!remark) return 'its remark has unbalanced braces, or braces without a name';
  const addresses = members(dial.address).map((address) => parseTemplate(address, known));
  if (addresses.length === 0) return 'it has no address';
  if (!addresses.every((address) => address !== undefined))
    return 'its address has unbalanced braces, or braces without a name';
  const path = parseTemplate(dial.path || inbound.path, known);
  if (!path) return 'its path has unbalanced braces, or braces without a name';
  const ports = parsePorts(dial.port || inbound.port);
  const portCount = countPorts(ports);
  if (portCount === 0) return `no client can dial the port ${dial.port || inbound.port}`;
  const sni = drawnOnce(choose(dial.sni, inbound.sni));
  return {
    inbound,
    dial,
    network: NETWORK_ALIASES[inbound.network] ?? inbound.network,
    security: dial.security === 'inbound_default' ? inbound.tls : dial.security,
    remark,
    address: changed(oneOf(addresses.map(salted)), withoutBrackets),
    port:
      portCount === 1
        ? [String(portAt(ports, 0))]
        : [(turn) => String(portAt(ports, turn.dice.pick(portCount)))],
    sni,
    host: dial.useSniAsHost && sni.length > 0 ? sni : choose(dial.host, inbound.host),
    path: isGrpc(inbound) ? serviceName(path, inbound.multiMode ?? false) : path,
    gunPath: isGrpc(inbound) ? serviceName(path, false) : path,
    shortId: oneOf((inbound.sids ?? []).map((id) => concat(id))),
    fingerprint: dial.fingerprint || inbound.fp || '',
    alpn: dial.alpn || demandedAlpn(inbound),
  };
}

/** What clients must offer that does not go without saying: a server of HTTP/3 only, for one, is found by that. */
function demandedAlpn({ alpn = [] }: ResolvedInbound): string {
  return alpn.some((version) => ['h2', 'http/1.1'].includes(version)) ? '' : alpn.join();
}

/** One member of the host's list, else of the inbound's. */
function choose(own: readonly string[], inherited: readonly string[]): Text {
  const wanted = members(own);
  return oneOf((wanted.length > 0 ? wanted : members(inherited)).map((member) => salted([member])));
}

function members(list: readonly string[]): string[] {
  return list.map((member) => member.trim()).filter((member) => member !== '');
}

function withoutBrackets(address: string): string {
  return /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
}

function isGrpc(inbound: ResolvedInbound): boolean {
  return inbound.network === 'grpc' || inbound.network === 'gun';
}

function serviceName(path: Text, multi: boolean): Text {
  return changed(path, (value) => grpcServiceName(value, multi));
}

/**
 * The service name of a client for that of the server. A name with a leading slash is a path whose last segment names
 * the streams, `<gun>|<multi>`; a client names only the one it uses.
 * Source: Marzban `app/subscription/funcs.py`; Xray's rules for custom gRPC paths, after which several segments are no
 * plain name.
 */
function grpcServiceName(path: string, multi: boolean): string {
  if (!path.startsWith('/')) return path;
  const cut = path.lastIndexOf('/');
  const head = path.slice(0, cut);
  const [gun, other = gun] = path.slice(cut + 1).split('|');
  if (multi) return `${head}/${other}`;
  const name = head.slice(1);
  return gun === 'Tun' && !name.includes('/') ? name : `${head}/${gun}`; // `Tun` is what a plain name means
}
