import type { Server } from 'node:http';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Config } from './config/config.js';
import { searchPath } from './config/environment.js';
import { migrateDatabase, openDatabase } from './shared/database/ensure-database.js';
import type { EmbeddedPostgres } from './shared/database/embedded-postgres.js';
import { StartupError, systemReason } from './config/startup-error.js';
import { ownVersion } from './shared/own-version.js';
import { drain, sendAway } from './shared/http/draining.js';
import { Readiness } from './shared/http/readiness.js';
import { WebSockets } from './shared/http/web-sockets.js';
import { Handover } from './shared/scheduling/handover.js';
import { startSummary } from './start-summary.js';
import { InstallFailed, installXray } from './xray/install/install-xray.js';
import { findXray, NO_XRAY, xrayCandidates } from './xray/process/executable.js';

/**
 * After SHUTDOWN_DELAY a stop takes 10 s at most: requests get 4, the rest of the service what they leave of 8, then the
 * database.
 */
const DRAIN_MS = 4_000;
const CLOSE_MS = 8_000;
/** A start that takes long says so often what it is at. */
const REMIND_MS = 10_000;

/** One process of Margrave: its database, if it is our own, and the application on it. */
export class Service {
  private readonly logger = new Logger('Service');
  private app: NestExpressApplication | undefined;
  private embedded: EmbeddedPostgres | undefined;
  private readonly interrupted = new AbortController();
  private starting: Promise<void> | undefined;
  private step = 'opening the database';

  constructor(private readonly config: Config) {}

  /** Starts everything and says so on stdout; what was started is stopped again when it fails. */
  start(): Promise<void> {
    const begun = performance.now();
    const reminding = setInterval(() => {
      const seconds = Math.round((performance.now() - begun) / 1000);
      const { user, system } = process.cpuUsage(); // a machine that has no time for it is a reason, too
      const worked = ((user + system) / 1e6).toFixed(1);
      this.logger.warn(
        `Not started yet after ${seconds} s, of which it worked ${worked} s; it is ${this.step}`,
      );
    }, REMIND_MS);
    this.starting = this.startAll()
      .finally(() => clearInterval(reminding))
      .catch(async (error: unknown) => {
        await this.stopAll();
        throw error;
      });
    return this.starting;
  }

  /**
   * Answers what was asked, then ends everything this process started; the database is last. With `delay` it first goes
   * on answering for `SHUTDOWN_DELAY`, as whoever sends it requests does not know yet.
   */
  async stop({ delay }: { delay: boolean }): Promise<void> {
    this.interrupted.abort();
    await this.starting?.catch(() => undefined);
    await this.stopAll(delay ? this.config.shutdownDelaySeconds : 0);
  }

  private async startAll(): Promise<void> {
    const { config } = this;
    await requireFreePort(config.host, config.port);
    const log = (message: string) => this.logger.warn(message);
    const { signal } = this.interrupted;
    const database = await openDatabase({ ...config, log, signal });
    this.embedded = database.embedded;
    this.embedded?.keepAlive();
    this.goOn();
    // Loaded no earlier: it takes a second, and a start that cannot succeed should say so at once.
    this.step = 'loading its parts';
    const { startApp } = await import('./app.js');
    this.step = 'setting up the database';
    await database.patience.with(() => migrateDatabase(database.connection, { log, signal }));
    this.goOn();
    this.step = 'looking for an Xray';
    const xray = await this.prepareXray();
    this.goOn();
    this.step = 'starting its parts';
    const { app, firstAdmin } = await startApp(config, database);
    this.app = app;
    this.goOn();
    await app.listen(config.port, config.host).catch((error: unknown) => {
      throw cannotListen(config, error);
    });
    const { port } = app.getHttpServer().address() as { port: number };
    process.stdout.write(
      startSummary({
        ...config,
        port,
        version: ownVersion(),
        seconds: process.uptime(),
        database: database.description,
        xray,
        firstAdmin,
      }),
    );
  }

  /** Finds or installs the local core; returns what is to be said of it. */
  private async prepareXray(): Promise<string> {
    const { xray, dataDir, role } = this.config;
    if (role === 'api') return 'left to the workers';
    if (xray.executablePath === NO_XRAY) return 'no local core (XRAY_EXECUTABLE_PATH=none)';
    const found = await findXray(xrayCandidates({ ...xray, dataDir, searchPath: searchPath() }));
    if (found) return `${found.version} (${found.path})`;
    if (xray.executablePath !== undefined) {
      return `no local core: XRAY_EXECUTABLE_PATH is no Xray that runs (${xray.executablePath})`;
    }
    if (xray.install === 'never') return 'no local core: none was found (XRAY_INSTALL=never)';
    try {
      const report = (line: string) => process.stdout.write(`${line}\n`);
      report('No Xray was found; installing one (XRAY_INSTALL=never prevents this)');
      const installed = await installXray({ dataDir, report, signal: this.interrupted.signal });
      return `${installed.version} (${installed.path})`;
    } catch (error) {
      if (!(error instanceof InstallFailed)) throw error;
      return `no local core: ${error.message}`;
    }
  }

  private goOn(): void {
    if (this.interrupted.signal.aborted) throw new StartupError('Stopped before the start was complete.');
  }

  private async stopAll(delaySeconds = 0): Promise<void> {
    const { app, embedded } = this;
    this.app = this.embedded = undefined;
    if (app) {
      const server = app.getHttpServer() as Server;
      app.get(Readiness).draining = true;
      sendAway(server);
      const handedOver = app
        .get(Handover, { strict: false })
        .begin()
        .catch(() => undefined); // closing meets with it again
      if (server.listening) await sleep(delaySeconds * 1000);
      const begun = performance.now();
      app.get(WebSockets, { strict: false }).end(); // they would be waited for
      await drain(server, DRAIN_MS);
      const closed = Promise.all([handedOver, app.close()]).then(
        () => true,
        (error: unknown) => {
          this.logger.error({ err: error }, 'The service did not stop cleanly');
          return true;
        },
      );
      const left = Math.max(CLOSE_MS - (performance.now() - begun), 0);
      if (!(await Promise.race([closed, sleep(left, false)]))) {
        this.logger.warn('A part of the service did not stop in time; going on without it');
      }
    }
    await embedded?.stop();
  }
}

/** Before anything is started: another Margrave may be running on the same data. */
async function requireFreePort(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(port, host, resolve));
  } catch (error) {
    throw cannotListen({ host, port }, error);
  } finally {
    if (probe.listening) await new Promise((resolve) => probe.close(resolve));
  }
}

function cannotListen({ host, port }: { host: string; port: number }, error: unknown): StartupError {
  const { code } = error as NodeJS.ErrnoException;
  const reason =
    code === 'EADDRINUSE'
      ? 'the port is in use (setting PORT or UVICORN_PORT)'
      : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
        ? 'this machine has no such address (setting HOST or UVICORN_HOST)'
        : code === 'EACCES'
          ? 'this user may not use the port (setting PORT or UVICORN_PORT)'
          : systemReason(error);
  return new StartupError(`Cannot listen on ${host}:${port}: ${reason}`, { cause: error });
}
