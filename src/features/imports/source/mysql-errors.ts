import { readFile } from 'node:fs/promises';
import { systemReason } from '../../../config/startup-error.js';
import { ImportRefused } from '../imports.errors.js';
import type { MysqlAddress } from './database-url.js';
import { TableMissing } from './source.js';

/** For people: without user and password. */
export function nameOfServer({ database, host, port, socketPath }: MysqlAddress): string {
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return `database ${database} at ${socketPath ?? place}`;
}

/** An error of the driver in one sentence, where it is not one of the statement. Those of the driver hold no password. */
export function explainMysql(error: Error, address: MysqlAddress): Error {
  const { code, fatal } = error as Error & { code?: string; fatal?: boolean };
  const server = `The server of ${nameOfServer(address)}`;
  const refused = (text: string): ImportRefused => new ImportRefused(text, { cause: error });
  switch (code) {
    case 'ER_NO_SUCH_TABLE':
      return new TableMissing(error.message);
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      return refused(
        `${server} does not let in ${address.user} with this password: take the URL as it stands in Marzban's .env, special characters percent-encoded.`,
      );
    case 'ER_DBACCESS_DENIED_ERROR':
    case 'ER_TABLEACCESS_DENIED_ERROR':
    case 'ER_COLUMNACCESS_DENIED_ERROR':
      return refused(`${server} does not let ${address.user} read it: grant SELECT on all of its tables.`);
    case 'ER_BAD_DB_ERROR':
      return refused(`${server} has no database of that name: see what stands in Marzban's .env.`);
    case 'ER_HOST_NOT_PRIVILEGED':
    case 'ER_HOST_IS_BLOCKED':
      return refused(`${server} does not let in this machine (${error.message}).`);
    case 'ER_CON_COUNT_ERROR':
      return refused(`${server} has no connection left: try again, or raise its max_connections.`);
    case 'ER_TABLE_DEF_CHANGED':
      return refused(
        `${server} says that somebody changed its tables meanwhile: import again when that is done.`,
      );
    case 'ER_QUERY_INTERRUPTED':
    case 'ER_STATEMENT_TIMEOUT':
      return refused(`${server} was told to stop answering (${error.message}): import again.`);
    case 'ETIMEDOUT':
      return refused(`${server} does not answer: is it running, and can this machine reach it?`);
    case 'ECONNREFUSED':
    case 'ENOENT':
      return refused(`${server} is not there: start it, or correct the address in the URL.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return refused(
        `The host ${address.host} of the database is not known here: the name of a container holds only in its own network.`,
      );
    case 'PROTOCOL_CONNECTION_LOST':
    case 'ECONNRESET':
    case 'EPIPE':
      return refused(`${server} ended the connection: look into its log, and import again.`);
  }
  if (error instanceof ImportRefused || fatal !== true) return error;
  return refused(`${server} cannot be read (${error.message}).`);
}

/** What a connection is encrypted with. Without an authority's certificate the server's is not looked at, as in Marzban. */
export async function readTlsFiles(tls: NonNullable<MysqlAddress['tls']>) {
  const read = async (path: string | undefined) => {
    if (path === undefined) return undefined;
    try {
      return await readFile(path);
    } catch (error) {
      throw new ImportRefused(
        `The file ${path}, which the URL of the database names, cannot be read (${systemReason(error)}).`,
        { cause: error },
      );
    }
  };
  const [ca, cert, key] = await Promise.all([read(tls.ca), read(tls.cert), read(tls.key)]);
  return { ca, cert, key, rejectUnauthorized: ca !== undefined, verifyIdentity: tls.isHostChecked };
}
