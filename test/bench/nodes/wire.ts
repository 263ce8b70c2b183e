/** The little of protobuf's wire format that a core's API takes. */

/** The content of a message's field that has a length; empty when there is none. */
export function field(message: Buffer, wanted: number): Buffer {
  let at = 0;
  while (at < message.length) {
    const [key, afterKey] = varint(message, at);
    const [number, afterNumber] = varint(message, afterKey);
    at = (key & 7) === 2 ? afterNumber + number : afterNumber;
    if (key === ((wanted << 3) | 2)) return message.subarray(afterNumber, at);
  }
  return Buffer.alloc(0);
}

export function withLength(number: number, content: Buffer | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([Buffer.from([(number << 3) | 2]), encodeVarint(bytes.length), bytes]);
}

export function withNumber(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([number << 3]), encodeVarint(value)]);
}

function varint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, at];
  }
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; bytes.length === 0 || left > 0; left = Math.floor(left / 128)) {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
  }
  return Buffer.from(bytes);
}
