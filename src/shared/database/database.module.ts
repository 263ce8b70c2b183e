import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { SecretStore } from '../secrets/secret-store.js';
import { Secrets } from '../secrets/secrets.js';
import { ConnectionWatch } from './connection-watch.js';
import { clientOptions, type Connection, dataSourceOptions } from './data-source.js';
import { DatabaseEvents } from './database-events.js';
import { DatabaseHealth } from './database-health.js';
import { Database } from './database.js';
import type { Patience } from './patience.js';
import { PipelinedClients } from './pipelined-clients.js';

@Module({})
export class DatabaseModule {
  /** For a database that is migrated already. */
  static with(connection: Connection, poolSize: number, patience: Patience): DynamicModule {
    const watch = new ConnectionWatch(connection);
    const options = clientOptions(connection);
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...dataSourceOptions(connection, poolSize, (client) => watch.add(client, { brisk: false })),
            migrations: [],
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
      exports: [Database, DatabaseEvents, DatabaseHealth, Secrets, SecretStore],
    };
  }
}
