/** Failed logins counted under one key, at least one. */
export interface FailureCount {
  failures: number;
  /** Since the last one. */
  secondsAgo: number;
}

/** Whose failures a key counts. */
export type LimitedBy = 'name_and_address' | 'address' | 'name';

/** What of earlier failures is known when somebody tries to log in. */
export type FailureCounts = Readonly<Partial<Record<LimitedBy, FailureCount>>>;

/** What an attempt meets with, in seconds; both are 0 when it may be checked now. */
export interface LoginLimit {
  /** It is refused, and so is any other for so long. */
  refusedFor: number;
  /** It is checked after so long. */
  delayedBy: number;
}

/**
 * How many failures have no effect. One address guessing one name is stopped first; an address that tries many names,
 * and many addresses that try one name, later: other people may share the address, and own the name.
 */
const FREE_FAILURES: Record<LimitedBy, number> = { name_and_address: 5, address: 20, name: 50 };

/** People who share an address must get through although strangers keep failing there. */
const LONGEST_SECONDS: Record<LimitedBy, number> = { name_and_address: 900, address: 60, name: 3 };

/** Failures are forgotten this long after the last. */
export const FORGOTTEN_AFTER_SECONDS = 3600;

/**
 * Whether an attempt is refused or must wait. What an address does is held against that address only; what others do to a
 * name never keeps its owner out: from where it has logged in before (`isKnown`) it notices nothing, elsewhere it waits.
 */
export function limitLogin(counts: FailureCounts, isKnown: boolean): LoginLimit {
  const left = (by: LimitedBy) => secondsLeft(by, counts[by]);
  return {
    refusedFor: Math.max(left('name_and_address'), left('address')),
    delayedBy: isKnown ? 0 : left('name'),
  };
}

/** Whole seconds that are left of a wait which doubles with each failure beyond the free ones. */
function secondsLeft(by: LimitedBy, count: FailureCount | undefined): number {
  if (!count) return 0;
  const beyond = count.failures - FREE_FAILURES[by];
  if (beyond < 0 || count.secondsAgo >= FORGOTTEN_AFTER_SECONDS) return 0;
  const wait = Math.min(2 ** Math.min(beyond, 20), LONGEST_SECONDS[by]);
  return Math.max(0, Math.ceil(wait - count.secondsAgo));
}
