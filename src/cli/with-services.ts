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
  const interrupted = new AbortController();
  const interrupt = () => {
    if (interrupted.signal.aborted) process.exit(1); // asked for a second time
    interrupted.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const { services, close } = await openServices({ writes, signal: interrupted.signal });
    try {
      return await work(services);
    } finally {
      await close();
    }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
