import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, statfsSync } from 'node:fs';
import { readdir, readFile, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { StartupError, systemReason } from '../../config/startup-error.js';
import { clientOptions } from './data-source.js';
import { canEnter, findBinaries, type PostgresBinaries, SERVER_ENVIRONMENT } from './postgres-binaries.js';
import { makeEnterable, makePrivate } from './postgres-folders.js';
import { serverUser, type ServerUser } from './postgres-user.js';
import { findServer, hasSocket, isRunning, type Postmaster, removeLeftNotes } from './postmaster.js';

const run = promisify(execFile);

export const USER = 'margrave';
export const DATABASE = 'postgres';
/** A start may include the recovery after a crash. */
const READY_SECONDS = 30;
const STOP_SECONDS = 8;
/** The children of a server that was killed end by themselves, and one that somebody else starts is found soon. */
const STILL_THERE = /pre-existing shared memory block|lock file ".*" already exists/;
const LEFT_MS = 100;
/** A server that has just been started has neither note nor socket for a moment. */
const LOST_MS = 2_000;
/** A Unix socket's address holds 107 bytes; PostgreSQL adds `/.s.PGSQL.5432` to the folder. */
const LONGEST_SOCKET_FOLDER = 107 - '/.s.PGSQL.5432'.length;
/** `initdb` works in a folder of such a name, renamed when complete; it takes a second or two. */
const HALF = 'data.init.';
const INIT_MS = 5 * 60_000;
const LOG_BYTES = 10 * 1024 * 1024;

export interface ServerOptions {
  /** The folder of this server alone: data, socket, log. Made when missing. */
  folder: string;
  /** Only for throw-away databases: nothing is synced to disk. */
  volatile?: boolean;
}

/** The server's files and its life and death. */
export class PostgresServer {
  readonly data: string;
  private readonly logFile: string;

  private constructor(
    private readonly options: ServerOptions,
    private readonly user: ServerUser | undefined,
    private readonly binaries: PostgresBinaries,
    private readonly socketDir: string,
  ) {
    this.data = join(options.folder, 'data');
    this.logFile = join(options.folder, 'postgres.log');
  }

  /** Makes the folders and finds the programs, whoever we are. @throws StartupError */
  static async prepare(options: ServerOptions): Promise<PostgresServer> {
    try {
      const user = await serverUser(join(options.folder, 'data'));
      await makeEnterable(dirname(options.folder));
      await makePrivate(options.folder, user);
      const folder = await realpath(options.folder);
      if (user && !canEnter(folder, user)) {
        throw new StartupError(
          `PostgreSQL must not run as root, and the user it runs as (id ${user.uid}) cannot enter ${folder}. ` +
            `Choose a DATA_DIR below folders that everybody may enter, or set DATABASE_URL.`,
        );
      }
      const socketDir = join(folder, 'run');
      const usable = Buffer.byteLength(socketDir) <= LONGEST_SOCKET_FOLDER ? socketDir : shortFolder(folder);
      await makePrivate(usable, user);
      return new PostgresServer({ ...options, folder }, user, await findBinaries(folder, user), usable);
    } catch (error) {
      if (error instanceof StartupError) throw error;
      const reason = `${options.folder}: ${systemReason(error)}`;
      throw new StartupError(`Cannot use the data folder ${reason} (setting DATA_DIR)`, { cause: error });
    }
  }

  /** Starts the server, or finds the one that runs; it answers when this returns. @throws StartupError */
  async up(): Promise<{ postmaster: Postmaster; adopted: boolean }> {
    try {
      await this.initialize();
      const deadline = performance.now() + READY_SECONDS * 1000;
      for (;;) {
        const running = await this.adopt();
        if (running) return { postmaster: running, adopted: true };
        if (await answers(this.socketDir)) {
          // A container that shares this folder runs it: its process is not visible here, but its socket is.
          throw new StartupError(
            `The database in ${this.data} is in use by a process outside this container.`,
          );
        }
        removeLeftNotes(this.data, this.socketDir);
        try {
          return { postmaster: await this.launch(), adopted: false };
        } catch (error) {
          if (!STILL_THERE.test((error as Error).message) || performance.now() > deadline) throw error;
          await sleep(LEFT_MS);
        }
      }
    } catch (error) {
      if (error instanceof StartupError) throw error;
      const reason = `${this.options.folder}: ${systemReason(error)}`;
      throw new StartupError(`Cannot use the data folder ${reason} (setting DATA_DIR)`, { cause: error });
    }
  }

  /** Stops the server, and waits until it is gone. */
  async down({ pid }: { pid: number }): Promise<void> {
    const gone = async (seconds: number) => {
      const deadline = performance.now() + seconds * 1000;
      while (isRunning({ pid }, this.data) && performance.now() < deadline) await sleep(10);
      return !isRunning({ pid }, this.data);
    };
    if (isRunning({ pid }, this.data)) kill(pid, 'SIGINT'); // "fast": sessions end, nothing is lost
    if (await gone(STOP_SECONDS)) return this.removeShortFolder();
    kill(pid, 'SIGQUIT'); // at once; the next start recovers
    await gone(1);
  }

  /**
   * The server that runs already, once it answers. One that nobody can reach any more, since its socket was removed, or
   * that will end itself, since its note was, is ended in good order; then there is none.
   */
  private async adopt(): Promise<Postmaster | undefined> {
    const begun = performance.now();
    for (;;) {
      const found = findServer(this.data);
      if (!found) return undefined;
      const { pid, socketDir } = found;
      if (socketDir !== undefined && (await answers(socketDir))) return { pid, socketDir };
      const lost = socketDir === undefined ? !found.noted : !hasSocket({ pid, socketDir });
      if (lost && performance.now() > begun + LOST_MS) {
        await this.down({ pid });
        if (findServer(this.data)) throw this.failure('has lost its files, and does not end', 0);
        return undefined;
      }
      if (performance.now() > begun + READY_SECONDS * 1000) throw this.failure('does not answer', 0);
      await sleep(20);
    }
  }

  private async initialize(): Promise<void> {
    const version = await readFile(join(this.data, 'PG_VERSION'), 'utf8').catch(() => undefined);
    if (version !== undefined) {
      if (!/^\d+\s*$/.test(version)) {
        throw new StartupError(
          `${this.data} holds no database that can be used: its PG_VERSION is damaged. ` +
            `Restore the folder from a backup, or move it away to begin with an empty one.`,
        );
      }
      if (Number(version) !== this.binaries.major) {
        throw new StartupError(
          `The database in ${this.data} was made by PostgreSQL ${version.trim()}; this is ${this.binaries.major}. ` +
            `Dump it with the version of Margrave that made it and restore it here.`,
        );
      }
      return;
    }
    await this.removeHalves();
    const half = join(this.options.folder, `${HALF}${randomUUID()}`);
    const flags = ['-A', 'trust', '-E', 'UTF8', '--no-instructions', '-U', USER, ...sameEverywhere];
    try {
      await run(
        this.binaries.initdb,
        ['-D', half, ...flags, ...(this.options.volatile ? ['--no-sync'] : [])],
        {
          ...this.user,
          cwd: '/',
          env: SERVER_ENVIRONMENT,
        },
      );
      await rename(half, this.data);
    } catch (error) {
      await rm(half, { recursive: true, force: true }).catch(() => undefined);
      if (await readFile(join(this.data, 'PG_VERSION')).catch(() => undefined)) return; // another start was first
      const { stderr = '' } = error as { stderr?: string };
      const said = lastLine(stderr.match(/.*(?:error|FATAL|PANIC|could not).*/g)?.join('\n'));
      const reason = isFull(this.options.folder, stderr) ? NO_SPACE : (said ?? systemReason(error));
      throw new StartupError(`Cannot make a database in ${this.options.folder}: ${reason}`, { cause: error });
    }
  }

  /** What a killed start left behind. */
  private async removeHalves(): Promise<void> {
    const names = await readdir(this.options.folder);
    for (const path of names
      .filter((name) => name.startsWith(HALF))
      .map((name) => join(this.options.folder, name))) {
      const { mtimeMs } = await stat(path);
      if (mtimeMs < Date.now() - INIT_MS) await rm(path, { recursive: true, force: true });
    }
  }

  private async launch(): Promise<Postmaster> {
    if (((await stat(this.logFile).catch(() => undefined))?.size ?? 0) > LOG_BYTES) {
      await rename(this.logFile, `${this.logFile}.1`);
    }
    await makePrivate(this.socketDir, this.user); // what cleans up temporary folders may have taken it
    const log = openSync(this.logFile, 'a', 0o600);
    const logStart = fstatSync(log).size;
    const settings = {
      listen_addresses: '',
      unix_socket_directories: this.socketDir,
      port: '5432',
      random_page_cost: '1.1', // nobody runs this on turning disks
      ...(this.options.volatile ? nothingSynced : {}),
    };
    const child = spawn(
      this.binaries.postgres,
      ['-D', this.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // Detached: Ctrl-C reaches the whole foreground group, and the database must outlive our own shutdown.
      { ...this.user, cwd: '/', env: SERVER_ENVIRONMENT, detached: true, stdio: ['ignore', log, log] },
    );
    closeSync(log);
    child.unref();
    child.on('error', () => undefined);
    const ready = await this.ready(this.socketDir, () => alive(child));
    const found = ready ? findServer(this.data) : undefined;
    if (found) return { pid: found.pid, socketDir: this.socketDir };
    if (alive(child)) child.kill('SIGQUIT');
    throw this.failure('did not start', logStart);
  }

  private async ready(socketDir: string, worthWaiting: () => boolean): Promise<boolean> {
    const deadline = performance.now() + READY_SECONDS * 1000;
    for (;;) {
      if (await answers(socketDir)) return true;
      if (performance.now() > deadline || !worthWaiting()) return answers(socketDir);
      await sleep(20);
    }
  }

  /** In PostgreSQL's own words, from byte `logStart` of its log. */
  private failure(what: string, logStart: number): StartupError {
    const log = readFileSync(this.logFile, { encoding: 'latin1', flag: 'a+' }).slice(logStart).slice(-20_000);
    const said = lastLine(log.match(/.*(?:FATAL|PANIC|could not).*/g)?.join('\n'));
    const reason = isFull(this.options.folder, log) ? NO_SPACE : said?.replace(/^.*?(?:FATAL|PANIC): +/, '');
    return new StartupError(
      `The embedded PostgreSQL ${what}${reason ? `: ${reason}` : ''} (its log: ${this.logFile})`,
    );
  }

  /** The one below `/tmp`, where the path of the data folder is too long for a socket. */
  private async removeShortFolder(): Promise<void> {
    if (this.socketDir === shortFolder(this.options.folder))
      await rmdir(this.socketDir).catch(() => undefined);
  }
}

const NO_SPACE =
  'no space is left on its disk. Make some free (a new database takes 64 MB), or choose another DATA_DIR';
const LEAST_BYTES = 1024 * 1024;

/** PostgreSQL says so where it can; with nothing left it cannot even write its log. */
function isFull(folder: string, said: string): boolean {
  if (/No space left on device|Disk quota exceeded/.test(said)) return true;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < LEAST_BYTES;
}

/** The same order of texts on every machine, whatever its locales. */
const sameEverywhere = ['--locale-provider=builtin', '--locale=C', '--builtin-locale=C.UTF-8'];
const nothingSynced = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

async function answers(socketDir: string): Promise<boolean> {
  const connection = { socketDir, user: USER, database: DATABASE };
  const client = new pg.Client({ ...clientOptions(connection), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const shortFolder = (folder: string) =>
  join('/tmp', `margrave-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);

const alive = (child: ChildProcess) =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

const lastLine = (text: string | undefined) => text?.trim().split('\n').at(-1)?.trim() || undefined;

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
}
