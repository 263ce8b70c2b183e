import type { JsonValue } from './types.js';

const MAX_PORT = 65535;

/**
 * Whether Xray takes `value` as the port of an inbound: a number, or text with numbers, `from-to` ranges and
 * `env:NAME`, separated by commas.
 */
export function isPort(value: JsonValue): value is number | string {
  if (typeof value === 'number') return Number.isInteger(value) && inRange(value);
  return typeof value === 'string' && value.split(',').every((item) => isPortItem(item.trim()));
}

function isPortItem(item: string): boolean {
  if (/^env:\S+$/.test(item)) return true;
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(item) ?? [];
  if (from === undefined || !inRange(Number(from))) return false;
  return to === undefined || (inRange(Number(to)) && Number(to) >= Number(from));
}

function inRange(port: number): boolean {
  return port >= 1 && port <= MAX_PORT;
}
