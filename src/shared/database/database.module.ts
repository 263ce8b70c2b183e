import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Secrets } from '../secrets/secrets.js';
import { clientOptions, type Connection, dataSourceOptions } from './data-source.js';
import { DatabaseEvents } from './database-events.js';
import { Database } from './database.js';
import { PipelinedClients } from './pipelined-clients.js';

@Module({})
export class DatabaseModule {
  /** For a database that is migrated already. */
  static with(connection: Connection, poolSize: number): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(connection, poolSize),
          migrations: [],
          autoLoadEntities: true,
          retryAttempts: 0,
        }),
      ],
      providers: [
        Database,
        { provide: PipelinedClients, useFactory: () => new PipelinedClients(clientOptions(connection)) },
        { provide: DatabaseEvents, useFactory: () => new DatabaseEvents(clientOptions(connection)) },
        { provide: Secrets, useFactory: (db: Database) => Secrets.load(db), inject: [Database] },
      ],
      exports: [Database, DatabaseEvents, Secrets],
    };
  }
}
