/** `at` moved by whole or fractional seconds. */
export function addSeconds(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}

/** Unix time in whole seconds, rounded down. */
export function toUnixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}

/** The instant of a Unix time in seconds. */
export function fromUnixSeconds(seconds: number): Date {
  return new Date(seconds * 1000);
}

/**
 * An instant as clients of Marzban read it: UTC without zone, six fractional digits unless they are all zero
 * (`2026-11-23T15:08:35.239000`, `2026-11-23T15:08:35`). Never a `Z`: its dashboard appends one itself.
 */
export function toWireTime(at: Date): string {
  const iso = at.toISOString(); // YYYY-MM-DDTHH:MM:SS.mmmZ
  const seconds = iso.slice(0, -5);
  const millis = iso.slice(-4, -1);
  return millis === '000' ? seconds : `${seconds}.${millis}000`;
}
