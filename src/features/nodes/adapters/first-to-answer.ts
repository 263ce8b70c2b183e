import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** After so long the next address of a name is tried as well (RFC 8305). */
const STAGGER_MS = 250;

/** The addresses that a name stands for. */
export type Resolve = (host: string) => Promise<{ address: string }[]>;

export const resolveAll: Resolve = (host) => lookup(host, { all: true });

/** Where a node may be. A question to the resolver cannot be given up, but need not be waited for. */
export async function addressesOf(host: string, limit: AbortSignal, resolve: Resolve): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const aborted = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason as Error), { once: true });
  });
  return (await Promise.race([resolve(host), aborted])).map(({ address }) => address);
}

/**
 * What the first `attempt` that succeeds has got. Each begins when the one before it has failed, or taken a moment: Node.js
 * does that for connections alone, and gives up one that is slow. @throws what stopped one of them
 */
export async function firstToAnswer<T>(
  addresses: readonly string[],
  limit: AbortSignal,
  attempt: (address: string, until: AbortSignal) => Promise<T>,
): Promise<T> {
  const found = new AbortController();
  const until = AbortSignal.any([limit, found.signal]);
  let turn: Promise<unknown> = Promise.resolve();
  const attempts = addresses.map((address) => {
    const done = turn.then(async () => {
      until.throwIfAborted();
      const result = await attempt(address, until);
      found.abort();
      return result;
    });
    const late = () => sleep(STAGGER_MS, undefined, { signal: until });
    turn = turn.then(() => Promise.race([done, late()])).catch(() => undefined);
    return done;
  });
  try {
    return await Promise.any(attempts);
  } catch (error) {
    const { errors } = error as AggregateError;
    // That nobody answered in time tells less than what somebody said.
    throw errors.findLast(({ name }: Error) => name !== 'TimeoutError') ?? errors.at(-1);
  }
}
