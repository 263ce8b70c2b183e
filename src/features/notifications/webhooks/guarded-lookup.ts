import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isGlobal, isLoopback } from '../../../config/addresses.js';

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/**
 * Looks names up as usual, and leaves out addresses that are not reachable from everywhere: whoever has a name says what it
 * leads to, and may change his mind between a check and its use. So this is the only look there is: a connection is made to
 * what it returns. An address that the setting itself says is not looked up.
 */
export function guardedLookup(allowPrivate: boolean, resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...(options as LookupOptions), all: true }, (error, found) => {
      if (error) return callback(error, []);
      const allowed = found.filter(({ address }) => allowPrivate || mayReach(hostname, address));
      if (allowed.length === 0) return callback(new PrivateAddress(), []);
      if (options.all) return callback(null, allowed);
      const [first] = allowed as [LookupAddress];
      callback(null, first.address, first.family);
    });
  };
}

/** `localhost` says what it leads to. */
function mayReach(hostname: string, address: string): boolean {
  return isGlobal(address) || (/^(.+\.)?localhost\.?$/i.test(hostname) && isLoopback(address));
}

class PrivateAddress extends Error {
  constructor() {
    super('Its name leads to a private address; WEBHOOK_ALLOW_PRIVATE=true allows that');
  }
}
