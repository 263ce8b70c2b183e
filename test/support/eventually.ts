import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` gives something that is neither undefined nor false, and returns it. An exception counts as not yet. */
export async function eventually<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw failure ?? new Error(`Still not so after ${timeoutMs} ms: ${condition}`);
    await sleep(20);
  }
}
