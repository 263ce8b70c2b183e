import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { SecretStore } from '../secrets/secret-store.js';
import { Secrets } from '../secrets/secrets.js';
import { ConnectionWatch } from './connection-watch.js';
import { clientOptions, type Connection, dataSourceOptions } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { DatabaseEvents } from './database-events.js';
import { DatabaseHealth } from './database-health.js';
import { Database } from './database.js';
import type { Patience } from './patience.js';
import { PipelinedClients } from './pipelined-clients.js';
import { WORKER_POOL_SIZE, WorkerDatabase } from './worker-database.js';

@Module({})
export class DatabaseModule {
  /** For a database that is migrated already. */
  static with(connection: Connection, poolSize: number, patience: Patience): DynamicModule {
    const watch = new ConnectionWatch(connection);
    const options = clientOptions(connection);
    const pool = (size: number) => ({
      ...dataSourceOptions(connection, size, (client) => watch.add(client, { brisk: false })),
      migrations: [],
    });
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...pool(poolSize),
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
          dataSourceFactory: (given) => patience.with(() => new DataSource(given!).initialize()),
        }),
      ],
      providers: [
        Database,
        DatabaseHealth,
        { provide: PipelinedClients, useFactory: () => new PipelinedClients(options, watch) },
        {
          provide: WorkerDatabase,
          useFactory: (pipelined: PipelinedClients) =>
            patience.with(
              async () =>
                new WorkerDatabase(await new DataSource(pool(WORKER_POOL_SIZE)).initialize(), pipelined),
            ),
          inject: [PipelinedClients],
        },
        {
          provide: DatabaseClock,
          useFactory: (db: Database) => patience.with(() => DatabaseClock.start(db)),
          inject: [Database],
        },
        { provide: DatabaseEvents, useFactory: () => new DatabaseEvents(options, watch) },
        {
          provide: SecretStore,
          useFactory: (db: Database, config: Config) => patience.with(() => SecretStore.open(db, config)),
          inject: [Database, Config],
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
        Secrets,
        SecretStore,
        WorkerDatabase,
      ],
    };
  }
}
