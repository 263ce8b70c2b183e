import { EntryCutter } from './entry-cutter.js';
import { unreadable } from './errors.js';

/** Bytes in both directions since the core started. */
export interface Traffic {
  up: bigint;
  down: bigint;
}

/** Whose traffic it is. */
export type CounterKind = 'user' | 'outbound';

const PREFIXES = { user: Buffer.from('user>>>'), outbound: Buffer.from('outbound>>>') };
/** In `uplink`, and not in `downlink`. */
const UP_FIFTH_LAST = 'p'.charCodeAt(0);
const USER_FIRST = 'u'.charCodeAt(0);
const [DOT, ZERO, NINE, SEPARATOR] = [0x2e, 0x30, 0x39, 0x3e];
const SEPARATORS = Buffer.from('>>>');
const SUFFIXES = { up: Buffer.from('>>>traffic>>>uplink'), down: Buffer.from('>>>traffic>>>downlink') };

/** What one counter stands at. Its name becomes a text for whoever asks for it: a number at its beginning is found without. */
export class Counter {
  constructor(
    readonly direction: 'up' | 'down',
    /** Bytes; those that a number holds for certain are one, for most are read only to be compared. */
    readonly value: number | bigint,
    private readonly text: Buffer,
    private readonly from = 0,
    private readonly to = text.length,
    readonly kind: CounterKind = 'user',
  ) {}

  get bytes(): bigint {
    return BigInt(this.value);
  }

  /** An account's email for `user>>>`, a tag for `outbound>>>`. */
  get name(): string {
    return this.text.toString('utf8', this.from, this.to);
  }

  /** What the digits are, ten at most, that the name has before its first dot; 0 when it has something else there. */
  get numberBeforeDot(): number {
    let number = 0;
    const end = Math.min(this.to, this.from + 11);
    for (let at = this.from; at < end; at++) {
      const byte = this.text[at]!;
      if (byte === DOT) return number;
      if (byte < ZERO || byte > NINE) return 0;
      number = number * 10 + byte - ZERO;
    }
    return 0;
  }

  /** Whether the name has in it what separates the parts of the names of counters. */
  get hasSeparator(): boolean {
    for (let at = this.from + 2; at < this.to; at++) {
      if (this.text[at] === SEPARATOR && endsWith(this.text, at + 1, SEPARATORS)) return true;
    }
    return false;
  }
}

/**
 * Reads one entry of a `QueryStatsResponse`. The name is whatever lies between its kind and `>>>traffic>>>uplink`, for a tag may be
 * any text; undefined for names of another shape, and other kinds. By hand, since the counters of 100,000 users take more than twice as long in the
 * general decoder.
 */
export function decodeCounter(bytes: Buffer, from: number, to: number): Counter | undefined {
  const reader = new Reader(bytes, from, to);
  let [nameStart, nameEnd] = [from, from];
  let value: number | bigint = 0;
  while (reader.position < to) {
    const field = reader.varint();
    if (field === NAME_FIELD) {
      nameEnd = reader.length() + reader.position;
      nameStart = reader.position;
      reader.position = nameEnd;
    } else if (field === VALUE_FIELD) value = reader.int64();
    else reader.skip(field & 7);
  }
  const direction = bytes[nameEnd - 5] === UP_FIFTH_LAST ? 'up' : 'down';
  const suffix = SUFFIXES[direction];
  const kind = bytes[nameStart] === USER_FIRST ? 'user' : 'outbound';
  const prefix = PREFIXES[kind];
  const [keyStart, keyEnd] = [nameStart + prefix.length, nameEnd - suffix.length];
  if (keyStart >= keyEnd || !endsWith(bytes, nameEnd, suffix) || !endsWith(bytes, keyStart, prefix))
    return undefined;
  return new Counter(direction, value, bytes, keyStart, keyEnd, kind);
}

/** Traffic by name of many counters. */
export class TrafficByName {
  readonly values = new Map<string, Traffic>();

  add(counter: Pick<Counter, 'name' | 'direction' | 'bytes'>): void {
    const { name, direction, bytes } = counter;
    const traffic = this.values.get(name);
    if (traffic) traffic[direction] = bytes;
    else this.values.set(name, { up: 0n, down: 0n, [direction]: bytes });
  }
}

/** The traffic by name of a whole reply. */
export function decodeCounters(reply: Buffer, kind: CounterKind): Map<string, Traffic> {
  const traffic = new TrafficByName();
  const cutter = new EntryCutter();
  cutter.take(reply, (bytes, from, to) => {
    const counter = decodeCounter(bytes, from, to);
    if (counter?.kind === kind) traffic.add(counter);
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
  constructor(
    private readonly bytes: Buffer,
    public position: number,
    private readonly end: number,
  ) {}

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
    if (this.position + length > this.end) throw unreadable('a counter is cut short');
    return length;
  }

  int64(): number | bigint {
    const start = this.position;
    let low = 0; // the first 49 bits, exact in a double
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.byte();
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return low;
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
    if (this.position >= this.end) throw unreadable('a counter is cut short');
    return this.bytes[this.position++]!;
  }
}
