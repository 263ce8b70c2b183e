/** A loopback address for each node, by its number from 0 on. */
export function addressOf(number: number): string {
  return `127.77.${number >> 8}.${number & 255}`;
}

export function numberOf(address: string): number {
  const [, , high, low] = address.split('.');
  return Number(high) * 256 + Number(low);
}
