import { isDatabaseUnavailable } from '../database/unavailable.js';
import { JobLost } from './job-run.js';

/**
 * Does `work` for all items at once. When that fails for what they are, it is done for halves of them, and for halves of those,
 * until the one is found that spoils it, which is told to `spared`: one bad row must not keep all others from their due.
 * `work` is one transaction. Returns what came of each part.
 */
export async function spareOthers<T, R>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<R>,
  spared: (item: T, error: unknown) => void,
): Promise<R[]> {
  if (items.length === 0) return [];
  try {
    return [await work(items)];
  } catch (error) {
    if (error instanceof JobLost || isDatabaseUnavailable(error)) throw error;
    if (items.length === 1) {
      spared(items[0]!, error);
      return [];
    }
    const half = items.length >> 1;
    const first = await spareOthers(items.slice(0, half), work, spared);
    return [...first, ...(await spareOthers(items.slice(half), work, spared))];
  }
}
