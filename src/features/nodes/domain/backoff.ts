const MAX_SECONDS = 60;

/**
 * Seconds to wait before the next attempt after so many failures in a row: none before the first, then up to
 * 1, 2, 4, … 60. `chance` in [0, 1) spreads the attempts of many nodes.
 */
export function retryAfterSeconds(failures: number, chance: number): number {
  if (failures <= 0) return 0;
  const limit = Math.min(MAX_SECONDS, 2 ** (failures - 1));
  return limit / 2 + (limit / 2) * chance;
}
