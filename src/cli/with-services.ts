import type { Config } from '../config/config.js';
import type { Services } from './services.js';

/**
 * Does `work` with the services of the program, beside a service that runs or without one, and closes all that was opened
 * for it. A command that `writes` brings the schema up to date first; the others want it as it is.
 * @throws StartupError in one sentence when there is no database, or one of another version
 */
export async function withServices<T>(
  { writes }: { writes: boolean },
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const { openServices } = await import('./services.js'); // it takes a second, which questions of usage need not
  return untilInterrupted(async (signal) => {
    const { services, close } = await openServices({ writes, signal });
    try {
      return await work(services);
    } finally {
      await close();
    }
  });
}

/**
 * The same for what can be done without them as well. One that does not write makes nothing, and is given no services
 * where there is nothing yet.
 */
export async function withServicesOrNothing<T>(
  { writes }: { writes: boolean },
  work: (services: Services | undefined, config: Config, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { NothingYet, openServices } = await import('./services.js');
  const { loadConfig } = await import('../config/environment.js');
  return untilInterrupted(async (signal) => {
    const opened = await openServices({ writes, onlyLooks: !writes, signal }).catch((error: unknown) => {
      if (error instanceof NothingYet && !writes) return undefined;
      throw error;
    });
    try {
      return await work(opened?.services, opened?.services.config ?? loadConfig().config, signal);
    } finally {
      await opened?.close();
    }
  });
}

/** Ctrl-C is told to `work`, and ends the process when it is pressed again. */
async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = () => {
    if (interrupted.signal.aborted) process.exit(1); // asked for a second time
    interrupted.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(interrupted.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
