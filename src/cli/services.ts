import { Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Config } from '../config/config.js';
import { loadConfig } from '../config/environment.js';
import { StartupError } from '../config/startup-error.js';
import { type Actor, AdminsService } from '../features/admins/index.js';
import { CoreService, CoreTrials } from '../features/core/index.js';
import { FleetStateRepository, NodesService } from '../features/nodes/index.js';
import { SubscriptionService } from '../features/subscription/index.js';
import { JobsService } from '../features/system/index.js';
import { BulkUsersService, UserListsService, UserPresenter, UsersService } from '../features/users/index.js';
import { ConnectionWatch } from '../shared/database/connection-watch.js';
import { DatabaseClock } from '../shared/database/database-clock.js';
import {
  hasEmbedded,
  migrateDatabase,
  openDatabase,
  type OpenDatabase,
} from '../shared/database/ensure-database.js';
import { readSchema, type SchemaState } from '../shared/database/schema-state.js';
import { createCommandPino, PinoLogger } from '../shared/telemetry/logger.js';
import { CliModule } from './cli.module.js';
import { remark } from './output.js';

/** Whoever sits before the terminal sees what is wrong sooner than a service that starts together with its database. */
const WAIT_SECONDS = 5;
const POOL_SIZE = 2;

/** What commands call. */
export interface Services {
  config: Config;
  admins: AdminsService;
  core: CoreService;
  trials: CoreTrials;
  fleet: FleetStateRepository;
  jobs: JobsService;
  nodes: NodesService;
  subscriptions: SubscriptionService;
  users: UsersService;
  bulkUsers: BulkUsersService;
  userLists: UserListsService;
  presenter: UserPresenter;
  clock: DatabaseClock;
  /** Any other service of the module. */
  get<T>(service: Type<T>): T;
  /** In whose name things are done. */
  by: Actor;
  /** For people, without secrets. */
  database: string;
  schema: SchemaState;
  /** Is aborted by Ctrl-C. */
  signal: AbortSignal;
}

const BY: Actor = { kind: 'cli', id: null, name: 'cli', admin: null };

interface Opening {
  writes: boolean;
  /** Keys and a core config are not made either, as the services do that find none. */
  onlyLooks?: boolean;
  signal: AbortSignal;
}

export async function openServices({ writes, onlyLooks = false, signal }: Opening): Promise<{
  services: Services;
  close: () => Promise<void>;
}> {
  const { config: own } = loadConfig();
  Logger.overrideLogger(new PinoLogger(createCommandPino(own.logLevel === 'debug' ? 'debug' : 'warn')));
  // As a replica that serves requests: one small pool, and nothing that works by itself.
  const config = new Config({ ...own, role: 'api', databasePoolSize: POOL_SIZE });
  const isThere = config.databaseUrl !== undefined || (await hasEmbedded(config.dataDir));
  if (!writes && !isThere) throw new NothingYet(); // to look is no reason to make one
  const databaseWaitSeconds = Math.min(own.databaseWaitSeconds, WAIT_SECONDS);
  const database = await openDatabase({
    ...config,
    databaseWaitSeconds,
    log: remark,
    signal,
    forCommand: true,
  });
  database.embedded?.keepAlive(); // whoever started it may stop it before our first connection
  try {
    const schema = await prepareSchema(database, { writes, onlyLooks, signal });
    const context = await startContext(config, database);
    const of = <T>(service: Type<T>): T => context.get(service, { strict: false });
    const services = {
      config,
      admins: of(AdminsService),
      core: of(CoreService),
      trials: of(CoreTrials),
      fleet: of(FleetStateRepository),
      jobs: of(JobsService),
      nodes: of(NodesService),
      subscriptions: of(SubscriptionService),
      users: of(UsersService),
      bulkUsers: of(BulkUsersService),
      userLists: of(UserListsService),
      presenter: of(UserPresenter),
      clock: of(DatabaseClock as unknown as Type<DatabaseClock>),
      get: of,
      by: BY,
      database: database.description,
      schema,
      signal,
    };
    const close = async () => {
      await context.close();
      await database.embedded?.stop();
    };
    return { services, close };
  } catch (error) {
    await database.embedded?.stop();
    throw error;
  }
}

async function startContext(config: Config, { connection, patience }: OpenDatabase) {
  const watch = new ConnectionWatch(connection);
  return NestFactory.createApplicationContext(CliModule.with(config, connection, { patience, watch }), {
    abortOnError: false,
  }).catch(async (error: unknown) => {
    await watch.closeAll();
    throw error;
  });
}

/** There is nothing to look at. */
export class NothingYet extends StartupError {
  constructor() {
    super('There is no data yet: start the service, which sets up its database.');
  }
}

/** The schema as it is now, which this program understands. */
async function prepareSchema(
  { connection, patience }: OpenDatabase,
  { writes, onlyLooks, signal }: Opening,
): Promise<SchemaState> {
  const state = await patience.with(() => readSchema(connection));
  const [unknown] = state.unknown;
  if (unknown !== undefined) {
    throw new StartupError(
      `The database is of a newer version than this command line: it has the migration ${unknown}, which is not known here.`,
    );
  }
  if (onlyLooks && !state.isInUse) throw new NothingYet();
  if (state.missing.length === 0) return state;
  if (!writes) {
    if (state.applied === 0) throw new NothingYet();
    throw new StartupError(
      `The database is of an older version than this command line (${state.missing.length} migrations are missing): ` +
        'start the service of this version, which brings it up to date.',
    );
  }
  await patience.with(() => migrateDatabase(connection, { log: remark, signal }));
  return readSchema(connection);
}
