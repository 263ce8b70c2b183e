import { resolve } from 'node:path';
import { ImportRefused } from '../imports.errors.js';

export interface MysqlAddress {
  user: string;
  password: string;
  host: string;
  port: number;
  /** In place of host and port. */
  socketPath: string | undefined;
  database: string;
  /** What the connection is encrypted with, as paths of files. */
  tls: { ca?: string; cert?: string; key?: string; isHostChecked: boolean } | undefined;
}

export type DatabaseUrl = { engine: 'sqlite'; file: string } | { engine: 'mysql'; address: MysqlAddress };

/** As SQLAlchemy takes a URL apart: a password may hold `/`, `#` and `%` as they are. */
const URL_PATTERN =
  /^(?<name>[\w+]+):\/\/(?:(?<user>[^:/]*)(?::(?<password>[^@]*))?@)?(?:(?:\[(?<ipv6>[^/?]+)\]|(?<host>[^/:?]+))?(?::(?<port>[^/?]*))?)?(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/s;
const EXAMPLES =
  'such as sqlite:////var/lib/marzban/db.sqlite3 or mysql+pymysql://user:password@127.0.0.1:3306/marzban';

/**
 * Where a database is, from a URL as it stands in Marzban's `.env` (SQLALCHEMY_DATABASE_URL).
 * @throws ImportRefused that does not show the URL: it may hold a password
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const parts = URL_PATTERN.exec(text.trim())?.groups;
  if (!parts) throw new ImportRefused(`The address of the database is no URL ${EXAMPLES}.`);
  const [dialect] = parts.name!.toLowerCase().split('+');
  switch (dialect) {
    case 'sqlite':
      if (!parts.database)
        throw new ImportRefused(`The URL of the database names no file: write one ${EXAMPLES}.`);
      return { engine: 'sqlite', file: resolve(parts.database) };
    case 'mysql':
    case 'mariadb':
      return { engine: 'mysql', address: mysqlAddress(parts) };
    default:
      throw new ImportRefused(
        `A database of the kind ${dialect} is none of Marzban's: give the URL that stands in its .env, ${EXAMPLES}.`,
      );
  }
}

function mysqlAddress(parts: Record<string, string>): MysqlAddress {
  const query = new URLSearchParams(parts.query ?? '');
  if (!parts.database)
    throw new ImportRefused('The URL of the database names none: end it with /marzban or the like.');
  const port = Number(parts.port || '3306');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ImportRefused(
      'The port in the URL of the database is no number: characters such as : / @ in a password have to be percent-encoded.',
    );
  }
  return {
    user: unquote(parts.user ?? ''),
    password: unquote(parts.password ?? ''),
    host: parts.ipv6 ?? parts.host ?? 'localhost',
    port,
    socketPath: query.get('unix_socket') ?? undefined,
    database: parts.database,
    tls: tlsOf(query),
  };
}

function tlsOf(query: URLSearchParams): MysqlAddress['tls'] {
  const files = { ca: query.get('ssl_ca'), cert: query.get('ssl_cert'), key: query.get('ssl_key') };
  const given = Object.entries(files).filter(([, file]) => file);
  if (given.length === 0) return undefined;
  // As PyMySQL: without an authority there is nothing to look the name up in.
  const isHostChecked =
    Boolean(files.ca) && !/^(0|false|no|off)$/i.test(query.get('ssl_check_hostname') ?? '');
  return { ...(Object.fromEntries(given) as { ca?: string }), isHostChecked };
}

/** As Python's: what is no percent-encoding stays. */
function unquote(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) =>
    Buffer.from(encoded.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
