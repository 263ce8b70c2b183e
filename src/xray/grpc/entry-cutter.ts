import { unreadable } from './errors.js';

/** `repeated … = 1`: the one field of replies that are lists. */
const ENTRY = (1 << 3) | 2;
const NOTHING = Buffer.alloc(0);
/** Accounts and counters have some hundred bytes; what claims to be longer is neither, and is not waited for. */
const MAX_ENTRY_BYTES = 1024 * 1024;

/** Cuts a reply that is one list into its entries, in whatever pieces it comes. */
export class EntryCutter {
  private rest: Buffer = NOTHING;

  /**
   * Tells of each entry that ends in this piece in which bytes it is, from where and to where, to be read at once: there may be
   * millions, and to make a buffer of each takes longer than to read it. @throws when it is none of a list
   */
  take(piece: Buffer, give: (bytes: Buffer, from: number, to: number) => void): void {
    const bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    let start = 0;
    while (start < bytes.length) {
      if (bytes[start] !== ENTRY) throw unreadable('it is no list');
      const [from, length] = lengthAt(bytes, start + 1);
      if (length !== undefined && length > MAX_ENTRY_BYTES) throw unreadable('an entry of it is too long');
      if (length === undefined || from + length > bytes.length) break;
      give(bytes, from, from + length);
      start = from + length;
    }
    this.rest = start === bytes.length ? NOTHING : Buffer.from(bytes.subarray(start));
  }

  /** @throws when something is missing */
  end(): void {
    if (this.rest.length > 0) throw unreadable('it is cut short');
  }
}

/** The length that stands there, and where what it is of begins; undefined when it has not come yet. */
function lengthAt(bytes: Buffer, start: number): [from: number, length: number | undefined] {
  let length = 0;
  for (let at = start, factor = 1; factor < 2 ** 35; factor *= 128) {
    const byte = bytes[at++];
    if (byte === undefined) return [at, undefined];
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return [at, length];
  }
  throw unreadable('it is no list');
}
