import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { StartupError, systemReason } from '../../config/startup-error.js';
import { clientOptions } from './data-source.js';
import { canEnter, findBinaries, type PostgresBinaries, SERVER_ENVIRONMENT } from './postgres-binaries.js';
import { serverUser, type ServerUser } from './postgres-user.js';
import { isRunning, type Postmaster, runningPostmaster } from './postmaster.js';

const run = promisify(execFile);

export const USER = 'margrave';
export const DATABASE = 'postgres';
/** A start may include the recovery after a crash. */
const READY_SECONDS = 30;
const STOP_SECONDS = 8;
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
    await this.initialize();
    const running = runningPostmaster(this.data);
    if (running) {
      if (await this.ready(running.socketDir, () => isRunning(running, this.data))) {
        return { postmaster: running, adopted: true };
      }
      if (isRunning(running, this.data)) throw this.failure('does not answer');
      // It was stopping; once it is gone, ours can start.
    } else if (await answers(this.socketDir)) {
      // A container that shares this folder runs it: its process is not visible here, but its socket is.
      throw new StartupError(`The database in ${this.data} is in use by a process outside this container.`);
    }
    return { postmaster: await this.launch(), adopted: false };
  }

  /** Stops the server, and waits until it is gone. */
  async down(postmaster: Postmaster): Promise<void> {
    const deadline = Date.now() + STOP_SECONDS * 1000;
    if (isRunning(postmaster, this.data)) kill(postmaster.pid, 'SIGINT'); // "fast": sessions end, nothing is lost
    while (isRunning(postmaster, this.data)) {
      if (Date.now() > deadline) return kill(postmaster.pid, 'SIGQUIT'); // at once; the next start recovers
      await sleep(10);
    }
  }

  private async initialize(): Promise<void> {
    const version = await readFile(join(this.data, 'PG_VERSION'), 'utf8').catch(() => undefined);
    if (version !== undefined) {
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
      const { stderr } = error as { stderr?: string };
      throw new StartupError(
        `Cannot make a database in ${this.options.folder}: ${lastLine(stderr) ?? systemReason(error)}`,
        { cause: error },
      );
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
    const log = openSync(this.logFile, 'a', 0o600);
    const settings = {
      listen_addresses: '',
      unix_socket_directories: this.socketDir,
      port: '5432',
      client_connection_check_interval: '1s', // a killed service must not go on holding locks
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
    const postmaster = ready ? runningPostmaster(this.data) : undefined;
    if (postmaster) return postmaster;
    if (alive(child)) child.kill('SIGQUIT');
    throw this.failure('did not start');
  }

  private async ready(socketDir: string, worthWaiting: () => boolean): Promise<boolean> {
    const deadline = Date.now() + READY_SECONDS * 1000;
    for (;;) {
      if (await answers(socketDir)) return true;
      if (Date.now() > deadline || !worthWaiting()) return answers(socketDir);
      await sleep(20);
    }
  }

  private failure(what: string): StartupError {
    const log = readFileSync(this.logFile, { encoding: 'utf8', flag: 'a+' });
    const reason = lastLine(
      log
        .slice(-20_000)
        .match(/.*(?:FATAL|PANIC|could not).*/g)
        ?.join('\n'),
    );
    return new StartupError(
      `The embedded PostgreSQL ${what}${reason ? `: ${reason.replace(/^.*?(?:FATAL|PANIC): +/, '')}` : ''} ` +
        `(its log: ${this.logFile})`,
    );
  }
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

/** Makes a folder when it is missing, such that the server's user may pass through, whatever the umask. */
export async function makeEnterable(folder: string): Promise<boolean> {
  const made = await makeFolder(folder);
  if (made) await chmod(folder, 0o755);
  return made;
}

/** A folder only its owner may enter: the permission to connect is the permission to enter it. */
async function makePrivate(folder: string, user: ServerUser | undefined): Promise<void> {
  await makeFolder(folder);
  const found = await lstat(folder);
  const owner = user?.uid ?? process.getuid?.();
  const mine = found.uid === owner || (user !== undefined && found.uid === 0);
  if (!found.isDirectory() || !mine) {
    throw new StartupError(
      `${folder} belongs to another user (id ${found.uid}); it must belong to id ${owner}.`,
    );
  }
  await chmod(folder, 0o700);
  if (user) await chown(folder, user.uid, user.gid);
}

/** Makes a folder and those above it; whether it was missing. Node's own way never ends below /proc. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return false;
    if (code !== 'ENOENT' || !(await makeEnterable(dirname(folder)))) throw error;
    return makeFolder(folder);
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
