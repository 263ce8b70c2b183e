export const MAX_WAIT_SECONDS = 60;
const FIRST_REFUSAL_SECONDS = 10;
export const MAX_REFUSAL_WAIT_SECONDS = 3_600;

/**
 * Seconds to wait before the next attempt after so many failures in a row: none before the first, then up to
 * 1, 2, 4, … 60. `chance` in [0, 1) spreads the attempts of many nodes.
 */
export function retryAfterSeconds(failures: number, chance: number): number {
  if (failures <= 0) return 0;
  const limit = Math.min(MAX_WAIT_SECONDS, 2 ** (failures - 1));
  return limit / 2 + (limit / 2) * chance;
}

/**
 * Seconds to wait before a config that the core refused is tried again, after so many refusals in a row: up to 10, 20, 40,
 * … 3600. Longer than for a core that does not run, since every attempt cuts off whoever is connected.
 */
export function retryRefusedAfterSeconds(refusals: number, chance: number): number {
  const limit = Math.min(MAX_REFUSAL_WAIT_SECONDS, FIRST_REFUSAL_SECONDS * 2 ** Math.max(0, refusals - 1));
  return limit / 2 + (limit / 2) * chance;
}
