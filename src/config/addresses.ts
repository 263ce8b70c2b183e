import { BlockList, isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

/** IPv4 networks that are not reachable from everywhere (IANA special-purpose address registry). */
const SPECIAL_IPV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

const notGlobal = new BlockList();
for (const [network, prefix] of SPECIAL_IPV4) notGlobal.addSubnet(network, prefix);
notGlobal.addSubnet('2001::', 23, 'ipv6');
notGlobal.addSubnet('2001:db8::', 32, 'ipv6');
notGlobal.addSubnet('2002::', 16, 'ipv6'); // leads to any IPv4 address
notGlobal.addSubnet('3fff::', 20, 'ipv6');

const globalIpv6 = new BlockList();
globalIpv6.addSubnet('2000::', 3, 'ipv6');
globalIpv6.addSubnet('64:ff9b::', 96, 'ipv6'); // what translates to IPv4, and to global addresses alone (RFC 6052)

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Whether an address is reachable from everywhere. */
export function isGlobal(address: string): boolean {
  if (isIP(address) === 4) return !notGlobal.check(address);
  return globalIpv6.check(address, 'ipv6') && !notGlobal.check(address, 'ipv6');
}

export const isLoopback = (address: string): boolean =>
  loopback.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');

export type Interfaces = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'family' | 'internal'>[]>;

/** The first globally routable IPv4 address of this machine, else 127.0.0.1. Nobody outside is asked. */
export function ownIpv4(interfaces: Interfaces): string {
  return all(interfaces, 'IPv4').find(isGlobal) ?? '127.0.0.1';
}

/** The first globally routable IPv6 address of this machine in brackets, else `[::1]`. */
export function ownIpv6(interfaces: Interfaces): string {
  return `[${all(interfaces, 'IPv6').find(isGlobal) ?? '::1'}]`;
}

const all = (interfaces: Interfaces, family: 'IPv4' | 'IPv6') =>
  Object.values(interfaces).flatMap((addresses) =>
    (addresses ?? []).filter((a) => a.family === family && !a.internal).map((a) => a.address),
  );

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

/** Whether Express understands this as a trusted proxy: an address, a network in CIDR notation, or one of its names. */
export function isProxyAddress(text: string): boolean {
  return NAMED_NETWORKS.includes(text) || isNetwork(text);
}

/** An address, or a network that does not hold everybody. */
export function isLimitedNetwork(text: string): boolean {
  return isNetwork(text) && !/\/0+$/.test(text);
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** A whole address of one of these protocols. */
export const hasProtocol = (url: string, ...names: string[]): boolean =>
  URL.canParse(url) && names.includes(new URL(url).protocol.slice(0, -1));
