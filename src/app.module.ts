import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import type { Connection } from './shared/database/data-source.js';
import { AdminsModule } from './features/admins/index.js';
import { CoreModule } from './features/core/index.js';
import { HostsModule } from './features/hosts/index.js';
import { NodesModule } from './features/nodes/index.js';
import { HomeModule, SubscriptionModule } from './features/subscription/index.js';
import { SystemModule } from './features/system/index.js';
import { TemplatesModule } from './features/templates/index.js';
import { UsersModule } from './features/users/index.js';
import { DatabaseModule } from './shared/database/database.module.js';
import { HealthController } from './shared/http/health.controller.js';
import { Readiness } from './shared/http/readiness.js';
import { WebSocketsModule } from './shared/http/web-sockets.module.js';
import { SchedulingModule } from './shared/scheduling/scheduling.module.js';
import { XrayModule } from './xray/xray.module.js';

@Module({})
export class AppModule {
  /** The whole service on a database that is migrated already. */
  static with(config: Config, connection: Connection): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        DatabaseModule.with(connection, config.databasePoolSize),
        SchedulingModule,
        WebSocketsModule,
        XrayModule,
        AdminsModule,
        CoreModule,
        HostsModule,
        TemplatesModule,
        UsersModule,
        NodesModule,
        HomeModule,
        SubscriptionModule.at(config.subscription.path),
        SystemModule,
      ],
      controllers: [HealthController],
      providers: [Readiness],
    };
  }
}
