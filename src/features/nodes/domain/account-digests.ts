import type { Account } from '../../../xray/config/types.js';
import { IdTable } from './id-table.js';
import { accountText } from './plan.js';

/**
 * What accounts a core has, of each user one digest of 64 bits: enough to see that they differ from what they should be,
 * with a million users in some tens of megabytes.
 */
export class AccountDigests {
  /** The digest, and whether it was asked for. */
  private readonly table = new IdTable();

  /** The core has this account on an inbound, told by its number. Copies count. */
  has(userId: number, inbound: number, account: Account): void {
    const place = this.table.place(userId);
    addTo(this.table.words, place * 4, inbound, account);
  }

  /** Whether these are all accounts that the user has, by the numbers of the inbounds; null is none there. */
  isAsWanted(userId: number, accounts: readonly (Account | null)[]): boolean {
    const wanted = new Int32Array(2);
    for (const [inbound, account] of accounts.entries()) if (account) addTo(wanted, 0, inbound, account);
    const place = this.table.find(userId);
    if (place === undefined) return wanted[0] === 0 && wanted[1] === 0;
    const { words } = this.table;
    words[place * 4 + 2] = 1;
    return words[place * 4] === wanted[0] && words[place * 4 + 1] === wanted[1];
  }

  /** Users with accounts of whom nobody has asked {@link isAsWanted}. */
  *unasked(): Generator<number> {
    for (let place = 0; place < this.table.capacity; place++) {
      const id = this.table.idAt(place);
      if (id !== 0 && this.table.words[place * 4 + 2] === 0) yield id;
    }
  }
}

/** A sum, since the order that accounts come in means nothing. */
function addTo(digest: Int32Array, at: number, inbound: number, account: Account): void {
  const text = `${inbound} ${accountText(account)}`;
  digest[at]! += hash(text, 0x811c9dc5);
  digest[at + 1]! += hash(text, 0x01234567);
}

/** FNV-1a with a last mixing, for texts that nobody chooses to collide. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return value ^ (value >>> 13);
}
