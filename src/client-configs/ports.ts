type Range = readonly [first: number, last: number];

/** The ports of a number or a text such as `443,8443` or `10000-20000`; none when it is not a list of ports. */
export function parsePorts(ports: number | string): Range[] {
  const ranges = String(ports)
    .split(',')
    .map((member): Range => {
      const [, first, last = first] = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(member) ?? [];
      return [Number(first), Number(last)];
    });
  return ranges.every(([first, last]) => first >= 1 && first <= last && last <= 65_535) ? ranges : [];
}

/** How many ports the ranges hold. */
export function countPorts(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The port at `index` of all ports in the ranges. */
export function portAt(ranges: readonly Range[], index: number): number {
  let rest = index;
  for (const [first, last] of ranges) {
    if (rest <= last - first) return first + rest;
    rest -= last - first + 1;
  }
  throw new RangeError(`There is no port ${index}`);
}
