/** A write reached a standby, or a database that its operator made read-only. */
export const READ_ONLY = '25006';
const TRANSACTION_ABORTED = '25P02';

/** Failures of a socket, and what PostgreSQL says when it stops, starts, or has no connection left. */
const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  '28P01', // the password was changed
  '3D000', // the database is gone, or has another name
  '53100', // its disk is full
  '53200', // out of memory
  '53300', // too many connections
  '57P01', // terminated by an administrator
  '57P02', // crash of another process
  '57P03', // starting up or shutting down
  '40001', // given up for others, again and again
  '40P01', // deadlocks, likewise
  '57014', // longer than the statement timeout
  '55P03', // longer than the lock timeout
  '25P03', // idle in a transaction for too long
  TRANSACTION_ABORTED, // by an error before, of which nobody heard
  READ_ONLY,
]);

/** What `pg` says without a code, and TypeORM of a transaction whose connection was lost between two statements. */
const MESSAGES =
  /^(?:Query runner already released|Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;

/** Whether a query failed because the database cannot be reached or has no time, rather than for what was asked. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  if (code === 'ENOENT') return syscall === 'connect'; // the socket of a local server
  if (typeof code === 'string') return CODES.has(code) || code.startsWith('08');
  return MESSAGES.test(error.message);
}

/**
 * Whether the connection is of no use after this error, though it still works: the server must be looked for anew,
 * since a switch-over changes what the address leads to, and a session keeps the read-only default it began with.
 */
export function isConnectionSpoiled(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof Error && (code === READ_ONLY || code === TRANSACTION_ABORTED);
}
