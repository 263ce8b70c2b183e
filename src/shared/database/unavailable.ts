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
  '53300', // too many connections
  '57P01', // terminated by an administrator
  '57P02', // crash of another process
  '57P03', // starting up or shutting down
  '57014', // longer than the statement timeout
  '55P03', // longer than the lock timeout
  '25P03', // idle in a transaction for too long
]);

/** What `pg` says without a code. */
const MESSAGES =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;

/** Whether a query failed because the database cannot be reached or has no time, rather than for what was asked. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  if (code === 'ENOENT') return syscall === 'connect'; // the socket of a local server
  if (typeof code === 'string') return CODES.has(code) || code.startsWith('08');
  return MESSAGES.test(error.message);
}
