import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import type { Connection } from './shared/database/data-source.js';
import { AdminsJobsModule, AdminsModule, AdminsServicesModule } from './features/admins/index.js';
import { CoreModule } from './features/core/index.js';
import { HostsModule } from './features/hosts/index.js';
import { NodesControlModule, NodesModule } from './features/nodes/index.js';
import { NotificationsJobsModule, NotificationsModule } from './features/notifications/index.js';
import { HomeModule, SubscriptionModule } from './features/subscription/index.js';
import { SystemJobsModule, SystemModule } from './features/system/index.js';
import { TemplatesModule } from './features/templates/index.js';
import { UsersJobsModule, UsersModule } from './features/users/index.js';
import { ActivityModule } from './shared/activity/activity.module.js';
import { DatabaseModule, type Opening } from './shared/database/database.module.js';
import { HealthController } from './shared/http/health.controller.js';
import { Readiness } from './shared/http/readiness.js';
import { WebSocketsModule } from './shared/http/web-sockets.module.js';
import { SchedulingModule } from './shared/scheduling/scheduling.module.js';
import { XrayModule } from './xray/xray.module.js';

type Part = Type<object> | DynamicModule;

/** What answers requests. */
const api = ({ subscription }: Config): Part[] => [
  AdminsModule,
  CoreModule,
  HostsModule,
  TemplatesModule,
  UsersModule,
  NotificationsModule,
  NodesModule,
  HomeModule,
  SubscriptionModule.at(subscription.path),
  SystemModule,
];

/** What works by itself: jobs, and the care for nodes. */
const worker = (): Part[] => [
  AdminsJobsModule,
  UsersJobsModule,
  NotificationsJobsModule,
  SystemJobsModule,
  NodesControlModule,
];

/** What a process is made of. Where nothing is named, its services are there to be called, and nothing moves. */
const PARTS: Record<Config['role'], (config: Config) => Part[]> = {
  api,
  worker,
  all: (config) => [...api(config), ...worker()],
};

@Module({})
export class AppModule {
  /** The parts of the role, on a database that is migrated already. */
  static with(config: Config, connection: Connection, opening: Opening): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        DatabaseModule.with(connection, config, opening),
        SchedulingModule,
        ActivityModule,
        WebSocketsModule,
        XrayModule,
        AdminsServicesModule,
        ...PARTS[config.role](config),
      ],
      controllers: [HealthController],
      providers: [Readiness],
    };
  }
}
