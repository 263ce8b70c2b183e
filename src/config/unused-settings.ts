import type { Environment } from './settings-reader.js';

/** Settings of Marzban that mean nothing here, and why. */
const DROPPED: Record<string, string> = {
  UVICORN_UDS: 'this service listens on a host and port',
  UVICORN_SSL_CERTFILE: 'let a proxy in front of this service end TLS',
  UVICORN_SSL_KEYFILE: 'let a proxy in front of this service end TLS',
  UVICORN_SSL_CA_TYPE: 'let a proxy in front of this service end TLS',
  VITE_BASE_API: 'the dashboard is built elsewhere',
  DASHBOARD_PATH: 'the dashboard is served elsewhere',
  SQLALCHEMY_DATABASE_URL: 'the database is PostgreSQL, by DATABASE_URL',
  SQLIALCHEMY_MAX_OVERFLOW: 'DATABASE_POOL_SIZE is the whole number of connections',
  CLI_PROG_NAME: 'there is nothing to rename',
};

/** Settings of Marzban that this version does not act on. */
const NOT_YET = [
  'WEBHOOK_ADDRESS',
  'WEBHOOK_SECRET',
  'TELEGRAM_API_TOKEN',
  'TELEGRAM_ADMIN_ID',
  'TELEGRAM_LOGGER_CHANNEL_ID',
  'TELEGRAM_PROXY_URL',
  'TELEGRAM_DEFAULT_VLESS_FLOW',
  'DISCORD_WEBHOOK_URL',
  'LOGIN_NOTIFY_WHITE_LIST',
  'USERS_AUTODELETE_DAYS',
  'USER_AUTODELETE_INCLUDE_LIMITED_ACCOUNTS',
];

/** One line for each setting that is set and has no effect. */
export function unusedSettings(environment: Environment): string[] {
  const dropped = Object.entries(DROPPED)
    .filter(([name]) => environment[name])
    .map(([name, why]) => `${name} has no effect: ${why}`);
  const notYet = NOT_YET.filter((name) => environment[name]).map(
    (name) => `${name} has no effect in this version`,
  );
  return [...dropped, ...notYet];
}
