import { parseDatabaseUrl } from './database-url.js';
import { requireMarzban } from './revisions.js';
import type { Source } from './source.js';

/**
 * Opens the database of a Marzban 0.8.4 by the URL in its `.env`, and looks whether it is one. A signal ends what is
 * under way: reading throws its reason.
 * @throws ImportRefused
 */
export async function openSource(url: string, signal?: AbortSignal): Promise<Source> {
  const source = await connect(url, signal);
  try {
    await requireMarzban(source);
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** What reads a database is loaded only when it is read: the service never needs it. */
async function connect(url: string, signal: AbortSignal | undefined): Promise<Source> {
  const address = parseDatabaseUrl(url);
  if (address.engine === 'mysql') {
    const { MysqlSource } = await import('./mysql-source.js');
    return MysqlSource.open(address.address, { signal });
  }
  const { SqliteSource } = await import('./sqlite-source.js');
  return SqliteSource.open(address.file, { signal });
}
