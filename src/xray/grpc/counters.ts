/** Bytes in both directions since the core started. */
export interface Traffic {
  up: bigint;
  down: bigint;
}

/**
 * Reads a `QueryStatsResponse` into traffic by name: an account's email for `user>>>`, a tag for `outbound>>>`.
 * Names of another shape are skipped. By hand, since 200,000 counters would hold the process up for half a second
 * in the general decoder.
 */
export function decodeCounters(reply: Uint8Array, kind: 'user' | 'outbound'): Map<string, Traffic> {
  const reader = new Reader(Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength));
  const prefix = `${kind}>>>`;
  const found = new Map<string, Traffic>();
  while (reader.more()) {
    if (reader.varint() !== STAT_FIELD) throw new Error('A reply with statistics is malformed');
    const end = reader.varint() + reader.position;
    let name = '';
    let value = 0n;
    while (reader.position < end) {
      const field = reader.varint();
      if (field === NAME_FIELD) name = reader.text();
      else if (field === VALUE_FIELD) value = reader.int64();
      else reader.skip(field & 7);
    }
    const counter = parseName(name, prefix);
    if (!counter) continue;
    const traffic = found.get(counter.key);
    if (traffic) traffic[counter.direction] = value;
    else
      found.set(counter.key, counter.direction === 'up' ? { up: value, down: 0n } : { up: 0n, down: value });
  }
  return found;
}

const STAT_FIELD = (1 << 3) | 2;
const NAME_FIELD = (1 << 3) | 2;
const VALUE_FIELD = (2 << 3) | 0;

const UPLINK = '>>>traffic>>>uplink';
const DOWNLINK = '>>>traffic>>>downlink';

function parseName(name: string, prefix: string): { key: string; direction: 'up' | 'down' } | undefined {
  const direction = name.endsWith(UPLINK) ? 'up' : name.endsWith(DOWNLINK) ? 'down' : undefined;
  if (!direction || !name.startsWith(prefix)) return undefined;
  const suffix = direction === 'up' ? UPLINK : DOWNLINK;
  const key = name.slice(prefix.length, name.length - suffix.length);
  return key === '' || key.includes('>>>') ? undefined : { key, direction };
}

/** The little of protobuf's wire format that two fields need. */
class Reader {
  position = 0;

  constructor(private readonly bytes: Buffer) {}

  more(): boolean {
    return this.position < this.bytes.length;
  }

  /** Tags and lengths: below 2^32. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error('A reply with statistics is malformed');
  }

  int64(): bigint {
    const start = this.position;
    let low = 0; // the first 49 bits, exact in a double
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.byte();
      low += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(low);
    }
    this.position = start;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new Error('A reply with statistics is malformed');
  }

  text(): string {
    const length = this.varint();
    const start = this.position;
    this.advance(length);
    return this.bytes.toString('utf8', start, this.position);
  }

  skip(wireType: number): void {
    if (wireType === 0) this.int64();
    else if (wireType === 1) this.advance(8);
    else if (wireType === 2) this.advance(this.varint());
    else if (wireType === 5) this.advance(4);
    else throw new Error('A reply with statistics is malformed');
  }

  private byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw new Error('A reply with statistics is cut short');
    return byte;
  }

  private advance(length: number): void {
    this.position += length;
    if (this.position > this.bytes.length) throw new Error('A reply with statistics is cut short');
  }
}
