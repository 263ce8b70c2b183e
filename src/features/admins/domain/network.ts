/** Groups of 16 bits that name the network of an IPv6 customer, and that of a site. */
const CUSTOMER_GROUPS = 4;
const SITE_GROUPS = 3;

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const IPV6 = /^(?=.*:)[\da-f:]{2,39}$/i;

/** Stands for whatever a proxy said that is no address. */
const NOWHERE = 'nowhere';

/**
 * The part of an address that stands for one customer: all of an IPv4 address, the first 64 bits of an IPv6 address. An
 * IPv4 address inside an IPv6 one is the IPv4 address; a port, which some proxies add, is left out.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (IPV6.test(plain)) return `${groupsOf(plain, CUSTOMER_GROUPS)}::/64`;
  return IPV4.test(plain) ? plain : NOWHERE;
}

/**
 * The wider network whose addresses one customer is given in turn: 24 bits of an IPv4 address, 48 of an IPv6 address.
 * Undefined for what is no address.
 */
export function regionOf(address: string): string | undefined {
  const plain = plainAddress(address);
  if (IPV6.test(plain)) return `${groupsOf(plain, SITE_GROUPS)}::/48`;
  return IPV4.test(plain) ? plain.replace(/\d+$/, '0/24') : undefined;
}

/** Without a port and a zone; an IPv4 address inside an IPv6 one is the IPv4 address. */
export function plainAddress(address: string): string {
  const withoutPort =
    /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
  const withoutZone = withoutPort.replace(/%.*$/, '');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutZone)?.[1] ?? withoutZone;
}

function groupsOf(address: string, count: number): string {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, count);
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':');
}
