/** Groups of 16 bits that name the network of an IPv6 customer. */
const NETWORK_GROUPS = 4;

/**
 * The part of an address that stands for one customer: all of an IPv4 address, the first 64 bits of an IPv6 address. An
 * IPv4 address inside an IPv6 one is the IPv4 address.
 */
export function networkOf(address: string): string {
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (embedded !== undefined || !address.includes(':')) return embedded ?? address;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
