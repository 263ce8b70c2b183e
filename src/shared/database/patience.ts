import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError, systemReason } from '../../config/startup-error.js';
import { isDatabaseUnavailable } from './unavailable.js';

const RETRY_MS = 500;
const REMIND_MS = 10_000;

/** A wrong password or name does not mend itself. */
const HOPELESS = new Set(['28P01', '3D000']);

export interface PatienceOptions {
  /** The database as people know it, e.g. `the database of DATABASE_URL (db:5432/margrave)`. */
  database: string;
  seconds: number;
  log: (message: string) => void;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/** What a start needs while its database is not there yet, or goes away in the middle. */
export class Patience {
  constructor(private readonly options: PatienceOptions) {}

  /**
   * What `work` returns. While the database cannot be reached it is done again, from its beginning, for so many seconds.
   * @throws StartupError when they are over, or waiting is of no use
   */
  async with<T>(work: () => Promise<T>): Promise<T> {
    const { database, seconds, log, signal } = this.options;
    let begun: number | undefined;
    let reminded = -Infinity;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof StartupError || !isDatabaseUnavailable(error)) throw error;
        const now = performance.now();
        begun ??= now;
        const left = seconds - (now - begun) / 1000;
        const reason = reasonOf(error);
        if (signal?.aborted) throw new StartupError('Stopped before the start was complete.');
        if (isHopeless(error)) {
          throw new StartupError(`Cannot use ${database}: ${reason}`, { cause: error });
        }
        if (left <= 0) {
          const waited = `waited ${seconds} s, setting DATABASE_WAIT`;
          throw new StartupError(`Cannot use ${database}: ${reason} (${waited})`, { cause: error });
        }
        if (now - reminded >= REMIND_MS) {
          log(`Waiting for ${database}, ${Math.ceil(left)} s more: ${reason}`);
          reminded = now;
        }
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

const isHopeless = (error: unknown) => HOPELESS.has((error as { code?: string }).code ?? '');

/** Why a database cannot be used, in plain words. */
export function reasonOf(error: unknown): string {
  const { code, errors } = error as { code?: string; errors?: unknown[] };
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'nothing answers there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host';
  if (errors?.[0]) return reasonOf(errors[0]); // an AggregateError has no text
  const reason = systemReason(error);
  return /^(?:timeout expired|Connection terminated due to connection timeout)/.test(reason)
    ? 'it does not answer'
    : reason;
}
