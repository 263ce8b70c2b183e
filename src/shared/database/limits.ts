import type pg from 'pg';

/** What the server gives a statement of ours, and a transaction in which nothing happens. Milliseconds. */
export interface Limits {
  statementMs: number;
  idleMs: number;
}

/**
 * An ordinary statement. What a transaction has locked others wait for, and nothing of ours thinks for a second between two
 * statements of one that writes: whoever does was stopped or cut off, and must not outlast its leases.
 */
export const LIMITS: Limits = { statementMs: 60_000, idleMs: 10_000 };
/** One behind which others wait. */
export const POINT_LIMITS: Limits = { statementMs: 2_000, idleMs: 10_000 };
/** A transaction that only reads: it locks nothing, and whoever takes what it reads may be slow. */
export const READ_LIMITS: Limits = { statementMs: 60_000, idleMs: 60_000 };
/** How soon a server notices that the client of a statement at work is gone. */
const CLIENT_CHECK_MS = 1_000;

/** For each session, as it begins: costs nothing. A pooler refuses them, since others use its sessions too. */
export function sessionLimits({ statementMs, idleMs }: Limits) {
  return { statement_timeout: statementMs, idle_in_transaction_session_timeout: idleMs };
}

/**
 * For a session that is ours: without it the statement of a client that was killed goes on waiting for locks, and holding
 * others. Some systems cannot tell a server (Windows); there it stays as it is, and a broken connection is found by the next query.
 */
export async function watchClient(client: pg.ClientBase): Promise<void> {
  await client.query(`SET client_connection_check_interval = ${CLIENT_CHECK_MS}`).catch(() => undefined);
}

/** For one transaction, to be sent in it. */
export function localLimits({ statementMs, idleMs }: Limits): string {
  return `SET LOCAL statement_timeout = ${statementMs}; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`;
}

/** Runs one statement in a transaction of its own, so that it can have limits; on a pipelined client without waiting twice. */
export async function runLimited(
  client: pg.ClientBase,
  limits: Limits,
  query: pg.QueryConfig,
): Promise<pg.QueryResult> {
  const [begun, ran, ended] = await Promise.allSettled([
    client.query(`BEGIN; ${localLimits(limits)}`),
    client.query(query),
    client.query('COMMIT'), // a rollback where the statement failed
  ]);
  for (const step of [begun, ran, ended]) if (step.status === 'rejected') throw step.reason;
  return (ran as PromiseFulfilledResult<pg.QueryResult>).value;
}
