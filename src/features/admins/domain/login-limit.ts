/** Failed logins counted under one key, at least one. */
export interface FailureCount {
  failures: number;
  lastAt: Date;
}

/** Whose failures a key counts. */
export type LimitedBy = 'name_and_address' | 'address' | 'name';

/**
 * How many failures go without a wait. One address guessing one name is stopped first; an address that tries many names,
 * and many addresses that try one name, later: other people may share the address, and own the name.
 */
const FREE_FAILURES: Record<LimitedBy, number> = { name_and_address: 5, address: 20, name: 50 };

/** People who share an address or own a name must get through although strangers keep failing there. */
const LONGEST_WAIT_SECONDS: Record<LimitedBy, number> = { name_and_address: 900, address: 60, name: 10 };

/** Failures are forgotten this long after the last. */
export const FORGOTTEN_AFTER_SECONDS = 3600;

/**
 * How long to wait before the next attempt under this key, in whole seconds; 0 when it may come now. The wait doubles
 * with each failure beyond the free ones.
 */
export function waitSeconds(by: LimitedBy, count: FailureCount | undefined, now: Date): number {
  if (!count) return 0;
  const since = (now.getTime() - count.lastAt.getTime()) / 1000;
  const beyond = count.failures - FREE_FAILURES[by];
  if (beyond < 0 || since >= FORGOTTEN_AFTER_SECONDS) return 0;
  const wait = Math.min(2 ** Math.min(beyond, 20), LONGEST_WAIT_SECONDS[by]);
  return Math.max(0, Math.ceil(wait - since));
}
