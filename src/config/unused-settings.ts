import type { Environment } from './settings-reader.js';

/** Settings of Marzban that mean nothing here, and why. */
export const DROPPED: Record<string, string> = {
  UVICORN_UDS: 'this service listens on a host and port',
  UVICORN_SSL_CERTFILE: 'let a proxy in front of this service end TLS',
  UVICORN_SSL_KEYFILE: 'let a proxy in front of this service end TLS',
  UVICORN_SSL_CA_TYPE: 'let a proxy in front of this service end TLS',
  VITE_BASE_API: 'the dashboard is built elsewhere',
  DASHBOARD_PATH: 'the dashboard is served elsewhere',
  SQLALCHEMY_DATABASE_URL: 'the database is PostgreSQL, by DATABASE_URL',
  SQLIALCHEMY_MAX_OVERFLOW: 'DATABASE_POOL_SIZE is the whole number of connections',
  TELEGRAM_DEFAULT_VLESS_FLOW: 'the bot only reports, it creates no users',
  CLI_PROG_NAME: 'there is nothing to rename',
};

/** One line for each setting that is set and has no effect. */
export function unusedSettings(environment: Environment): string[] {
  return Object.entries(DROPPED)
    .filter(([name]) => environment[name])
    .map(([name, why]) => `${name} has no effect: ${why}`);
}
