import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { clientOptions, type Connection } from './data-source.js';
import { hasSocket, isRunning, type Postmaster } from './postmaster.js';
import { DATABASE, PostgresServer, type ServerOptions, USER } from './postgres-server.js';

const WATCH_MS = 500;

/** Holds the process number of a server that a command started: the last command that uses it ends it. */
const NOTE = 'started-by-command';
/** Any fixed number: of commands that end at once, one after the other looks whether it is the last. */
const END_LOCK = 7_345_003;

export interface EmbeddedPostgresOptions extends ServerOptions {
  /** For a command, which is over soon. */
  forCommand?: boolean;
  /** Told about restarts. */
  log?: (message: string) => void;
}

/**
 * A PostgreSQL of our own, from the binaries npm installed, reached only through a socket in a private folder.
 * It survives this process (kill -9 included): the next start on the same folder adopts it. For one machine only.
 */
export class EmbeddedPostgres {
  readonly connection: Connection;
  private watcher: NodeJS.Timeout | undefined;
  private restarting: Promise<void> | undefined;

  private constructor(
    private readonly options: EmbeddedPostgresOptions,
    private readonly server: PostgresServer,
    private postmaster: Postmaster,
    /** Whether the server was running already. */
    readonly adopted: boolean,
  ) {
    this.connection = { socketDir: postmaster.socketDir, user: USER, database: DATABASE };
  }

  /** Starts the server or adopts the one that runs on this folder. @throws StartupError in one line. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const server = await PostgresServer.prepare(options);
    const { postmaster, adopted } = await server.up();
    const embedded = new EmbeddedPostgres(options, server, postmaster, adopted);
    if (!options.forCommand) embedded.claim();
    else if (!adopted) embedded.note();
    return embedded;
  }

  /** From now on, starts the server again whenever it dies; the connection stays the same. */
  keepAlive(): void {
    let pause = 0;
    this.watcher = setInterval(() => {
      const { postmaster } = this;
      if (this.restarting || (isRunning(postmaster, this.server.data) && hasSocket(postmaster))) return;
      this.options.log?.('The embedded PostgreSQL died or lost its socket; starting it again');
      this.restarting = sleep(pause)
        .then(() => this.server.up())
        .then(({ postmaster: restarted, adopted }) => {
          this.postmaster = restarted;
          if (this.options.forCommand && !adopted) this.note();
          pause = 0;
          this.options.log?.('The embedded PostgreSQL runs again');
        })
        .catch((error: Error) => {
          pause = Math.min(pause * 2 + 500, 10_000);
          this.options.log?.(`The embedded PostgreSQL did not start: ${error.message}`);
        })
        .finally(() => (this.restarting = undefined));
    }, WATCH_MS);
    this.watcher.unref();
  }

  /**
   * Stops the server once this process has closed its connections; leaves it to another Margrave that still uses it. A command
   * leaves it also to nobody, unless it was a command that started it: whoever did wants it to run.
   */
  async stop(): Promise<'stopped' | 'left running'> {
    clearInterval(this.watcher);
    await this.restarting;
    if (this.options.forCommand && !this.isNoted()) return 'left running';
    if (!this.options.volatile && (await this.usedByOthers())) return 'left running';
    await this.server.down(this.postmaster);
    return 'stopped';
  }

  private get noteFile(): string {
    return join(this.options.folder, NOTE);
  }

  private note(): void {
    writeFileSync(this.noteFile, String(this.postmaster.pid), { mode: 0o600 });
  }

  private claim(): void {
    rmSync(this.noteFile, { force: true });
  }

  private isNoted(): boolean {
    return existsSync(this.noteFile) && readFileSync(this.noteFile, 'utf8') === String(this.postmaster.pid);
  }

  private async usedByOthers(): Promise<boolean> {
    const client = new pg.Client({ ...clientOptions(this.connection), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      if (this.options.forCommand) await client.query('SELECT pg_advisory_lock($1)', [END_LOCK]);
      for (let attempt = 0; attempt < 20; attempt++) {
        // Sessions closed a moment ago, and those of a killed process, take a little to disappear.
        const { rows } = await client.query<{ others: boolean }>(
          `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'margrave'
                             AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS others`,
        );
        if (!rows[0]?.others) return false;
        await sleep(50);
      }
      return true;
    } catch (error) {
      // Whoever cannot be asked may be busy with others, and the next start adopts what was left running.
      return !['ECONNREFUSED', 'ENOENT', '57P03'].includes((error as { code?: string }).code ?? '');
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
