import { setTimeout as sleep } from 'node:timers/promises';

/** A deadlock, and transactions that no order explains. */
const CODES = new Set(['40P01', '40001']);
const ATTEMPTS = 5;
const PAUSE_MS = 10;

/**
 * Runs `work` again, a few times, when PostgreSQL gave it up so that others could go on. Nothing it wrote was kept
 * then, so `work` must be one statement or one transaction, and must do nothing that the database cannot undo.
 */
export async function againIfGivenUp<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !wasGivenUp(error)) throw error;
    }
    await sleep(Math.random() * PAUSE_MS * 2 ** attempt); // or those who met would meet again
  }
}

function wasGivenUp(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === 'string' && CODES.has(code);
}
