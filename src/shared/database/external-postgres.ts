import pg from 'pg';
import { StartupError } from '../../config/startup-error.js';
import { clientOptions, type Connection } from './data-source.js';
import { Patience, type PatienceOptions, reasonOf } from './patience.js';
import { leadsThroughPooler, requirePreparedStatements } from './pooler.js';
import { requirePrimary } from './primary.js';

const OLDEST_VERSION = 140_000;

export interface ExternalPostgres {
  connection: Connection;
  description: string;
  patience: Patience;
}

type Waiting = Omit<PatienceOptions, 'database'>;

/**
 * The PostgreSQL of `DATABASE_URL`, which a pooler may stand before, and the way past that by `DATABASE_DIRECT_URL`.
 * @throws StartupError when one of them cannot be used
 */
export async function openExternal(
  url: string,
  directUrl: string | undefined,
  waiting: Waiting,
): Promise<ExternalPostgres> {
  const { found, patience } = await look('DATABASE_URL', url, waiting);
  const connection = { url, isPooled: found.isPooled, directUrl };
  if (found.isPooled) await patience.with(() => requirePreparedStatements(connection));
  if (directUrl !== undefined) await lookPastPooler(directUrl, found, waiting);
  else if (found.isPooled) {
    waiting.log(
      'DATABASE_URL leads through a connection pooler, where no notifications are heard: what another replica changes is ' +
        'seen seconds later. Set DATABASE_DIRECT_URL to the address of PostgreSQL itself.',
    );
  }
  const description = `PostgreSQL ${found.version} at ${place(url)}${found.isPooled ? ', through a pooler' : ''}`;
  return { connection, description, patience };
}

async function lookPastPooler(url: string, { identity }: Found, waiting: Waiting): Promise<void> {
  const { found } = await look('DATABASE_DIRECT_URL', url, waiting);
  if (found.isPooled) {
    throw new StartupError(
      'DATABASE_DIRECT_URL leads through a connection pooler; it must be the address of PostgreSQL itself.',
    );
  }
  if (found.identity !== identity) {
    throw new StartupError('DATABASE_DIRECT_URL leads to another database than DATABASE_URL.');
  }
}

async function look(
  setting: string,
  url: string,
  waiting: Waiting,
): Promise<{ found: Found; patience: Patience }> {
  const database = `the database of ${setting} (${place(url)})`;
  const patience = new Patience({ ...waiting, database });
  try {
    return { found: await patience.with(() => reach(setting, url)), patience };
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`Cannot use ${database}: ${reasonOf(error)}`, { cause: error });
  }
}

interface Found {
  version: string;
  /** Which database it is, by whatever address. */
  identity: string;
  isPooled: boolean;
}

async function reach(setting: string, url: string): Promise<Found> {
  const client = new pg.Client(clientOptions({ url }));
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ number: number; name: string; identity: string }>(
      `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name,
              system_identifier || '/' || current_database() AS identity
         FROM pg_control_system()`,
    );
    const { number, name, identity } = rows[0]!;
    if (number < OLDEST_VERSION) {
      throw new StartupError(`The database of ${setting} is PostgreSQL ${name}; 14 or newer is needed.`);
    }
    await requirePrimary(client);
    return { version: name.split(' ')[0]!, identity, isPooled: await leadsThroughPooler(client) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Host, port and database of a URL: all of it that is no secret. */
function place(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`;
}
