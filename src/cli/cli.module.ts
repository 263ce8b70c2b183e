import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { AdminsServicesModule } from '../features/admins/index.js';
import { CoreServicesModule } from '../features/core/index.js';
import { HostsServicesModule } from '../features/hosts/index.js';
import { ImportsServicesModule } from '../features/imports/index.js';
import { NodesServicesModule } from '../features/nodes/index.js';
import { SubscriptionServicesModule } from '../features/subscription/index.js';
import { SystemServicesModule } from '../features/system/index.js';
import { UsersServicesModule } from '../features/users/index.js';
import { ActivityModule } from '../shared/activity/activity.module.js';
import type { Connection } from '../shared/database/data-source.js';
import { DatabaseModule, type Opening } from '../shared/database/database.module.js';
import { XrayModule } from '../xray/xray.module.js';

/** The services alone: no routes, no jobs, no care for nodes, no sign of life. Nothing here moves by itself. */
@Module({})
export class CliModule {
  /** On a database that is migrated already. */
  static with(config: Config, connection: Connection, opening: Opening): DynamicModule {
    return {
      module: CliModule,
      imports: [
        ConfigModule.with(config),
        DatabaseModule.with(connection, config, opening),
        ActivityModule,
        XrayModule,
        AdminsServicesModule,
        CoreServicesModule,
        HostsServicesModule,
        UsersServicesModule,
        SubscriptionServicesModule,
        NodesServicesModule,
        SystemServicesModule,
        ImportsServicesModule,
      ],
    };
  }
}
