import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { AdminsService } from './features/admins/index.js';
import type { Connection } from './shared/database/data-source.js';
import { ApiAdapter } from './shared/http/api-adapter.js';
import { configureHttp } from './shared/http/configure-http.js';
import { requestLog } from './shared/telemetry/request-log.js';

/** The service with everything wired, not yet listening. The database must be migrated. */
export async function buildApp(config: Config, connection: Connection): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.with(config, connection),
    new ApiAdapter(),
    {
      abortOnError: false,
      forceCloseConnections: true,
    },
  );
  app.use(requestLog(config));
  configureHttp(app, config);
  return app;
}

/** Brings the environment's admin up to date; makes and returns a first one where there is none at all. */
export async function ensureAdmins(
  app: INestApplication,
): Promise<{ username: string; password: string } | undefined> {
  const admins = app.get(AdminsService, { strict: false });
  await admins.ensureEnvironmentAdmin();
  return admins.ensureFirstAdmin();
}
