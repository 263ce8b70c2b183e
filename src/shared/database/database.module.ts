import { type DynamicModule, Module } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { SecretStore } from '../secrets/secret-store.js';
import { Secrets } from '../secrets/secrets.js';
import type { ConnectionWatch } from './connection-watch.js';
import { type Connection, dataSourceOptions, direct, isPooled } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { DatabaseEvents } from './database-events.js';
import { DatabaseHealth } from './database-health.js';
import { Database } from './database.js';
import type { Patience } from './patience.js';
import { LeaseDatabase } from './lease-database.js';
import { PipelinedClients } from './pipelined-clients.js';
import { WORKER_POOL_SIZE, WorkerDatabase } from './worker-database.js';

/** What connections are opened with. */
export interface Opening {
  patience: Patience;
  /** Is told of each. */
  watch: ConnectionWatch;
}

/** Connections for the fastest questions. */
const POINT_CLIENTS = 2;

@Module({})
export class DatabaseModule {
  /** For a database that is migrated already. */
  static with(
    connection: Connection,
    { databasePoolSize, role }: Config,
    { patience, watch }: Opening,
  ): DynamicModule {
    const pool = (size: number) => ({
      ...dataSourceOptions(connection, size, (client) => watch.add(client, { brisk: false })),
      migrations: [],
    });
    const workers = {
      provide: WorkerDatabase,
      useFactory: (pipelined: PipelinedClients) =>
        patience.with(
          async () =>
            new WorkerDatabase(
              await new DataSource(pool(WORKER_POOL_SIZE)).initialize(),
              pipelined,
              isPooled(connection),
            ),
        ),
      inject: [PipelinedClients],
    };
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...pool(databasePoolSize),
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
          dataSourceFactory: (given) => patience.with(() => new DataSource(given!).initialize()),
        }),
      ],
      providers: [
        {
          provide: Database,
          useFactory: (dataSource: DataSource, pipelined: PipelinedClients) =>
            new Database(dataSource, pipelined, isPooled(connection)),
          inject: [getDataSourceToken(), PipelinedClients],
        },
        DatabaseHealth,
        {
          provide: PipelinedClients,
          useFactory: () => new PipelinedClients(POINT_CLIENTS, connection, watch),
        },
        {
          provide: LeaseDatabase,
          useFactory: () => new LeaseDatabase(new PipelinedClients(1, direct(connection), watch)),
        },
        role === 'api' ? { provide: WorkerDatabase, useExisting: Database } : workers,
        {
          provide: DatabaseClock,
          useFactory: (db: WorkerDatabase) => patience.with(() => DatabaseClock.start(db)),
          inject: [WorkerDatabase],
        },
        {
          provide: DatabaseEvents,
          useFactory: (pipelined: PipelinedClients) =>
            new DatabaseEvents(direct(connection), watch, pipelined),
          inject: [PipelinedClients],
        },
        {
          provide: SecretStore,
          useFactory: (db: WorkerDatabase, config: Config) =>
            patience.with(() => SecretStore.open(db, config)),
          inject: [WorkerDatabase, Config],
        },
        {
          provide: Secrets,
          useFactory: (store: SecretStore) => patience.with(() => Secrets.load(store)),
          inject: [SecretStore],
        },
      ],
      exports: [
        Database,
        DatabaseClock,
        DatabaseEvents,
        DatabaseHealth,
        LeaseDatabase,
        Secrets,
        SecretStore,
        WorkerDatabase,
      ],
    };
  }
}
