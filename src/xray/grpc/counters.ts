/** Bytes in both directions since the core started. */
export interface Traffic {
  up: bigint;
  down: bigint;
}

const SUFFIXES = { up: Buffer.from('>>>traffic>>>uplink'), down: Buffer.from('>>>traffic>>>downlink') };

/**
 * Reads a `QueryStatsResponse` into traffic by name: an account's email for `user>>>`, a tag for `outbound>>>`. It is
 * whatever lies between that and `>>>traffic>>>uplink`, for a tag may be any text. Names of another shape are skipped. By hand, since the counters of 100,000 users hold the process up more than
 * twice as long in the general decoder (a quarter of a second).
 */
export function decodeCounters(reply: Uint8Array, kind: 'user' | 'outbound'): Map<string, Traffic> {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
  const prefix = Buffer.from(`${kind}>>>`);
  const reader = new Reader(bytes);
  const found = new Map<string, Traffic>();
  while (reader.position < bytes.length) {
    reader.expect(STAT_FIELD);
    const end = reader.length() + reader.position;
    let [nameStart, nameEnd] = [0, 0];
    let value = 0n;
    while (reader.position < end) {
      const field = reader.varint();
      if (field === NAME_FIELD) {
        nameEnd = reader.length() + reader.position;
        nameStart = reader.position;
        reader.position = nameEnd;
      } else if (field === VALUE_FIELD) value = reader.int64();
      else reader.skip(field & 7);
    }
    const direction = endsWith(bytes, nameEnd, SUFFIXES.up) ? 'up' : 'down';
    const suffix = SUFFIXES[direction];
    const [keyStart, keyEnd] = [nameStart + prefix.length, nameEnd - suffix.length];
    if (keyStart >= keyEnd || !endsWith(bytes, nameEnd, suffix) || !endsWith(bytes, keyStart, prefix))
      continue;
    const key = bytes.toString('utf8', keyStart, keyEnd);
    const traffic = found.get(key);
    if (traffic) traffic[direction] = value;
    else found.set(key, direction === 'up' ? { up: value, down: 0n } : { up: 0n, down: value });
  }
  return found;
}

function endsWith(bytes: Buffer, end: number, ending: Buffer): boolean {
  for (let i = 1; i <= ending.length; i++) if (bytes[end - i] !== ending[ending.length - i]) return false;
  return true;
}

const STAT_FIELD = (1 << 3) | 2;
const NAME_FIELD = (1 << 3) | 2;
const VALUE_FIELD = (2 << 3) | 0;

/** The little of protobuf's wire format that two fields need. */
class Reader {
  position = 0;

  constructor(private readonly bytes: Buffer) {}

  expect(field: number): void {
    if (this.varint() !== field) throw new Error('A reply with statistics is malformed');
  }

  /** Below 2^32, as field numbers and lengths are. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 35; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error('A reply with statistics is malformed');
  }

  /** The length of what follows, all of which is there. */
  length(): number {
    const length = this.varint();
    if (this.position + length > this.bytes.length) throw new Error('A reply with statistics is cut short');
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
    throw new Error('A reply with statistics is malformed');
  }

  skip(wireType: number): void {
    if (wireType === 0) this.int64();
    else if (wireType === 1) this.position += 8;
    else if (wireType === 2) this.position = this.length() + this.position;
    else if (wireType === 5) this.position += 4;
    else throw new Error('A reply with statistics is malformed');
  }

  private byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw new Error('A reply with statistics is cut short');
    return byte;
  }
}
