import type { Settings } from './setting.js';

export const PROCESS = {
  UVICORN_HOST: { kind: 'text', byDefault: '0.0.0.0', aliases: ['HOST'], text: 'Where to listen.' },
  UVICORN_PORT: { kind: 'integer', byDefault: '8000', aliases: ['PORT'], from: 0, to: 65_535 },
  ROLE: {
    kind: 'choice',
    byDefault: 'all',
    values: ['all', 'api', 'worker'],
    text: 'all: API and jobs in one process; api: requests only; worker: nodes and jobs only (and /health).',
  },
  DATA_DIR: {
    kind: 'text',
    byDefault: './data',
    text: 'Holds the embedded database, the installed Xray and what the local core needs.',
  },
  DEBUG: {
    kind: 'boolean',
    byDefault: 'false',
    text: 'More in the log: every request, and what the parts of the service do at the start.',
  },
  SHUTDOWN_DELAY: {
    kind: 'integer',
    byDefault: '0',
    from: 0,
    to: 300,
    text: `Seconds that a process which was told to stop goes on answering while it says that it is not ready, so that whoever
      sends it requests can turn to other replicas: with 5 a roll-out fails no request. Its grace period must be 10 s longer.`,
  },
} as const satisfies Settings;

export const DATABASE = {
  DATABASE_URL: {
    kind: 'text',
    secret: true,
    example: 'postgresql://margrave:password@localhost:5432/margrave',
    text: 'A PostgreSQL 14 or newer. Without it the service runs a PostgreSQL of its own in DATA_DIR, for one machine.',
  },
  DATABASE_DIRECT_URL: {
    kind: 'text',
    secret: true,
    text: `Where DATABASE_URL leads through PgBouncer (1.21 or newer) or the like: the address of PostgreSQL itself, for
      migrations, notifications and leases, 2 connections of a process. Without it what one replica changes is seen by
      others seconds later.`,
  },
  SECRET_KEY: {
    kind: 'text',
    secret: true,
    text: `Encrypts the private key towards nodes and the keys of tokens in the database; 16 characters or more, such as
      those of openssl rand -base64 32, and the same for all replicas. Without it the embedded database has a key in
      DATA_DIR/secret.key, and one by DATABASE_URL holds them as they are. To change it, see docs/secrets.md.`,
  },
  SECRET_KEY_PREVIOUS: { kind: 'text', secret: true },
  DATABASE_POOL_SIZE: {
    kind: 'integer',
    byDefault: '10',
    aliases: ['SQLALCHEMY_POOL_SIZE'],
    from: 1,
    to: 1000,
    text: `Connections of one process for requests. Beside them: 4 for nodes and jobs (not with ROLE=api), 2 for the fastest
      questions, 1 for leases, 1 for notifications: 18 in all. max_connections of PostgreSQL must do for all replicas.`,
  },
  DATABASE_WAIT: {
    kind: 'integer',
    byDefault: '60',
    from: 0,
    to: 86_400,
    text: 'How many seconds a start waits for a database that does not answer, or has no address yet, before it gives up.',
  },
} as const satisfies Settings;
