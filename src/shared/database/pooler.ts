import pg from 'pg';
import { StartupError } from '../../config/startup-error.js';
import { clientOptions, type Connection } from './data-source.js';

/** `pg` has no public name for the number that the server gave at the start of the session. */
const announcedPid = (client: pg.ClientBase) => (client as unknown as { processID: number }).processID;

/** Whether sessions there are shared out among clients: a pooler gives its clients numbers of its own. */
export async function leadsThroughPooler(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid !== announcedPid(client);
}

/** Already there, or not there: another client's statement was met. */
const STRANGERS_STATEMENT = new Set(['42P05', '26000']);
const ROUNDS = 5;
const PROBE = {
  name: 'margrave_probe',
  text: `SELECT pg_backend_pid() AS pid, EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'margrave_probe') AS "isKept"`,
};

/**
 * Two clients prepare a statement of one name, again and again. A pooler that knows of them gives them names of its own
 * on the server; one that does not leaves the name in a session that the other client gets next.
 * @throws StartupError for the latter
 */
export async function requirePreparedStatements(connection: Connection): Promise<void> {
  const clients = [1, 2].map(() => new pg.Client(clientOptions(connection)));
  const sessions = clients.map(() => new Set<number>());
  let isKept = false;
  try {
    for (const client of clients) {
      client.on('error', () => undefined);
      await client.connect();
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, client] of clients.entries()) {
        const { rows } = await client.query<{ pid: number; isKept: boolean }>(PROBE);
        sessions[index]!.add(rows[0]!.pid);
        isKept ||= rows[0]!.isKept;
      }
    }
    const all = new Set(sessions.flatMap((pids) => [...pids]));
    const haveTheirOwn = all.size === clients.length && sessions.every(({ size }) => size === 1);
    if (isKept && !haveTheirOwn) throw noStatements();
  } catch (error) {
    throw STRANGERS_STATEMENT.has((error as { code?: string }).code ?? '') ? noStatements(error) : error;
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

const noStatements = (cause?: unknown) =>
  new StartupError(
    'DATABASE_URL leads through a connection pooler that knows no prepared statements: use PgBouncer 1.21 or newer with ' +
      'max_prepared_statements = 200, or the address of PostgreSQL itself.',
    { cause },
  );
