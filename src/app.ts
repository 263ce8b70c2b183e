import { randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { AdminsService } from './features/admins/index.js';
import { ConnectionWatch } from './shared/database/connection-watch.js';
import type { Connection } from './shared/database/data-source.js';
import { Patience } from './shared/database/patience.js';
import { ApiAdapter } from './shared/http/api-adapter.js';
import { configureHttp } from './shared/http/configure-http.js';
import { requestLog } from './shared/telemetry/request-log.js';

/** The service with everything wired, not yet listening. The database must be migrated. */
export async function buildApp(
  config: Config,
  connection: Connection,
  patience = new Patience({ database: 'the database', seconds: 0, log: () => undefined }),
): Promise<NestExpressApplication> {
  const watch = new ConnectionWatch(connection);
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.with(config, connection, { patience, watch }),
    new ApiAdapter(),
    {
      abortOnError: false,
      forceCloseConnections: true,
    },
  ).catch(async (error: unknown) => {
    await watch.closeAll();
    throw error;
  });
  app.use(requestLog(config));
  configureHttp(app, config);
  return app;
}

/**
 * The service with all its parts started and its admins there, not yet listening. When the database goes away before
 * that, what was started is ended and it begins anew.
 */
export async function startApp(
  config: Config,
  { connection, patience }: { connection: Connection; patience: Patience },
): Promise<{ app: NestExpressApplication; firstAdmin: FirstAdmin | undefined }> {
  const password = randomBytes(15).toString('base64url'); // one, however often it begins anew
  return patience.with(async () => {
    const app = await buildApp(config, connection, patience);
    try {
      await app.init();
      return { app, firstAdmin: await ensureAdmins(app, password) };
    } catch (error) {
      await app.close().catch(() => undefined);
      throw error;
    }
  });
}

type FirstAdmin = { username: string; password: string };

/** Brings the environment's admin up to date; makes and returns a first one, with this password, where there is none at all. */
async function ensureAdmins(app: INestApplication, password: string): Promise<FirstAdmin | undefined> {
  const admins = app.get(AdminsService, { strict: false });
  await admins.ensureEnvironmentAdmin();
  return admins.ensureFirstAdmin(password);
}
