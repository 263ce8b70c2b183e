import { EntryCutter } from './entry-cutter.js';
import { unreadable } from './errors.js';

/** Bytes in both directions since the core started. */
export interface Traffic {
  up: bigint;
  down: bigint;
}

const PREFIXES = { user: Buffer.from('user>>>'), outbound: Buffer.from('outbound>>>') };
const SUFFIXES = { up: Buffer.from('>>>traffic>>>uplink'), down: Buffer.from('>>>traffic>>>downlink') };

export interface Counter {
  /** An account's email for `user>>>`, a tag for `outbound>>>`. */
  name: string;
  direction: 'up' | 'down';
  bytes: bigint;
}

/**
 * Reads one entry of a `QueryStatsResponse`. The name is whatever lies between its kind and `>>>traffic>>>uplink`, for a tag may be
 * any text; undefined for names of another shape. By hand, since the counters of 100,000 users take more than twice as long in the
 * general decoder.
 */
export function decodeCounter(entry: Buffer, kind: 'user' | 'outbound'): Counter | undefined {
  const reader = new Reader(entry);
  let [nameStart, nameEnd] = [0, 0];
  let bytes = 0n;
  while (reader.position < entry.length) {
    const field = reader.varint();
    if (field === NAME_FIELD) {
      nameEnd = reader.length() + reader.position;
      nameStart = reader.position;
      reader.position = nameEnd;
    } else if (field === VALUE_FIELD) bytes = reader.int64();
    else reader.skip(field & 7);
  }
  const direction = endsWith(entry, nameEnd, SUFFIXES.up) ? 'up' : 'down';
  const suffix = SUFFIXES[direction];
  const prefix = PREFIXES[kind];
  const [keyStart, keyEnd] = [nameStart + prefix.length, nameEnd - suffix.length];
  if (keyStart >= keyEnd || !endsWith(entry, nameEnd, suffix) || !endsWith(entry, keyStart, prefix))
    return undefined;
  return { name: entry.toString('utf8', keyStart, keyEnd), direction, bytes };
}

/** Traffic by name of many counters. */
export class TrafficByName {
  readonly values = new Map<string, Traffic>();

  add({ name, direction, bytes }: Counter): void {
    const traffic = this.values.get(name);
    if (traffic) traffic[direction] = bytes;
    else this.values.set(name, { up: 0n, down: 0n, [direction]: bytes });
  }
}

/** The traffic by name of a whole reply. */
export function decodeCounters(reply: Buffer, kind: 'user' | 'outbound'): Map<string, Traffic> {
  const traffic = new TrafficByName();
  const cutter = new EntryCutter();
  cutter.take(reply, (entry) => {
    const counter = decodeCounter(entry, kind);
    if (counter) traffic.add(counter);
  });
  cutter.end();
  return traffic.values;
}

function endsWith(bytes: Buffer, end: number, ending: Buffer): boolean {
  for (let i = 1; i <= ending.length; i++) if (bytes[end - i] !== ending[ending.length - i]) return false;
  return true;
}

const NAME_FIELD = (1 << 3) | 2;
const VALUE_FIELD = (2 << 3) | 0;

/** The little of protobuf's wire format that two fields need. */
class Reader {
  position = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Below 2^32, as field numbers and lengths are. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 35; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw unreadable('it holds no counters');
  }

  /** The length of what follows, all of which is there. */
  length(): number {
    const length = this.varint();
    if (this.position + length > this.bytes.length) throw unreadable('a counter is cut short');
    return length;
  }

  int64(): bigint {
    const start = this.position;
    let low = 0; // the first 49 bits, exact in a double
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.byte();
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return BigInt(low);
    }
    this.position = start;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw unreadable('it holds no counters');
  }

  skip(wireType: number): void {
    if (wireType === 0) this.int64();
    else if (wireType === 1) this.position += 8;
    else if (wireType === 2) this.position = this.length() + this.position;
    else if (wireType === 5) this.position += 4;
    else throw unreadable('it holds no counters');
  }

  private byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw unreadable('a counter is cut short');
    return byte;
  }
}
