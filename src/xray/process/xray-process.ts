import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { XrayClient } from '../grpc/index.js';
import { failureText, xrayEnvironment } from './dry-run.js';
import type { XrayExecutable } from './executable.js';
import { LogFile } from './log-file.js';
import { privateSocketFolder, removeShortFolder } from './private-folder.js';
import { processIdentity } from './process-identity.js';
import { findCore, markOf, type ProcessState, removeNote, writeNote } from './process-state.js';
import { Progress, STALL_MS } from './progress.js';

const SETTLE_MS = 400;
const STEP_MS = 20;
const TERM_MS = 5_000;
const KILL_MS = 5_000;
const WATCH_MS = process.platform === 'linux' ? 250 : 2_000;

/** The core did not come up; the message is its own. */
export class XrayStartFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XrayStartFailed';
  }
}

export interface XrayFolder {
  /** Holds the log and the state; made when missing. */
  path: string;
  executable: XrayExecutable;
  assetsPath: string | undefined;
}

/**
 * One running Xray on this machine. It is detached and writes to a file, so it goes on serving when this process
 * is killed, and the next one adopts it.
 */
export class XrayProcess {
  readonly log: LogFile;
  private gone = false;
  private readonly ended: Promise<void>;
  private exitText: string | undefined;

  private constructor(
    private readonly folder: string,
    private readonly state: ProcessState,
    child?: ChildProcess,
  ) {
    this.log = XrayProcess.logOf(folder);
    this.ended = (child ? this.exitOf(child) : this.watch()).then(() => {
      this.gone = true;
    });
  }

  /** Where the core of this folder writes, whether it runs or not. */
  static logOf(folder: string): LogFile {
    return new LogFile(join(folder, 'xray.log'));
  }

  /** The surviving core of an earlier process, or undefined. */
  static async adopt(folder: string): Promise<XrayProcess | undefined> {
    const state = await findCore(folder);
    return state && new XrayProcess(folder, state);
  }

  /**
   * Starts a core and waits until it serves. `configFor` is told the path of the API's socket; `whenPrepared` has to end a
   * core that runs in the folder.
   * @throws XrayStartFailed with Xray's own words.
   */
  static async start(
    { path: folder, executable, assetsPath }: XrayFolder,
    configFor: (apiSocket: string) => AsyncIterable<Buffer>,
    { whenPrepared, signal }: { whenPrepared?: () => Promise<void>; signal?: AbortSignal } = {},
  ): Promise<XrayProcess> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const sockets = await privateSocketFolder(socketFolder(folder));
    const socket = join(sockets, `api-${Date.now().toString(36)}`);
    await whenPrepared?.();
    for (const name of await readdir(sockets)) await rm(join(sockets, name), { force: true });

    const log = XrayProcess.logOf(folder);
    await log.trim();
    const logStart = await log.size();
    const facts = { startedAt: Date.now(), socket, version: executable.version };
    const environment = { ...xrayEnvironment(assetsPath), ...markOf(folder, facts) };
    const child = spawnXray(executable, environment, log.path);
    const failedToSpawn = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(new XrayStartFailed(`${executable.path}: ${error.message}`)));
    });
    const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
    if (child.pid === undefined || identity === undefined) {
      return await Promise.race([
        failedToSpawn,
        sleep(1_000).then(() => Promise.reject(new XrayStartFailed('Xray ended at once'))),
      ]);
    }
    const state = { pid: child.pid, identity, ...facts };
    const core = new XrayProcess(folder, state, child);
    try {
      // Before the config: a core that nobody knows of never gets one, and ends by itself.
      await writeNote(folder, state);
      const progress = new Progress(child.pid);
      const config = Readable.from(configFor(socket)).on('data', () => progress.note());
      // One that ends without reading all of it says why in its log.
      const sent = pipeline(config, child.stdin!).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
      });
      await Promise.all([sent, core.untilReady(logStart, progress, signal)]);
      return core;
    } catch (error) {
      await core.stop();
      throw error;
    }
  }

  get version(): string {
    return this.state.version;
  }

  get isRunning(): boolean {
    return !this.gone;
  }

  /** Why it ended, as far as known. */
  get lastWords(): string | undefined {
    return this.exitText;
  }

  /** Resolves when the process is gone, whoever ended it. */
  async untilExit(): Promise<void> {
    await this.ended;
  }

  /** A connection to its API. */
  connect(): XrayClient {
    return new XrayClient(`unix:${this.state.socket}`);
  }

  /** Ends the core: politely, then by force. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    if (!(await this.goneWithin(TERM_MS))) {
      this.signal('SIGKILL');
      if (!(await this.goneWithin(KILL_MS))) throw new Error(`Xray (pid ${this.state.pid}) cannot be ended`);
    }
    await rm(this.state.socket, { force: true });
    await rm(`${this.state.socket}.lock`, { force: true });
    await removeNote(this.folder);
    await removeShortFolder(socketFolder(this.folder));
  }

  private signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.gone || processIdentity(this.state.pid) !== this.state.identity) return;
    try {
      process.kill(this.state.pid, name);
    } catch {
      // It ended in between.
    }
  }

  private async goneWithin(milliseconds: number): Promise<boolean> {
    const timer = new AbortController();
    await Promise.race([
      this.ended,
      sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    return this.gone;
  }

  /** Ready is a core whose API answers and that has said it started, or still runs a moment later. */
  private async untilReady(logStart: number, progress: Progress, signal?: AbortSignal): Promise<void> {
    const client = this.connect();
    let answered = 0;
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (this.gone) throw new XrayStartFailed(await this.failure(logStart));
        if (progress.hasStopped()) {
          throw new XrayStartFailed(`Xray did nothing for ${STALL_MS / 1000} s and does not answer`);
        }
        if (answered === 0) {
          const stats = await client.sysStats(signal, 500).catch(() => undefined);
          if (stats) answered = performance.now();
        }
        if (answered > 0) {
          const output = (await this.log.bytesFrom(logStart)).toString();
          // The API may answer before another inbound fails to listen.
          if (/core: Xray \S+ started/.test(output) || performance.now() > answered + SETTLE_MS) return;
        }
        await sleep(STEP_MS);
      }
    } finally {
      client.close();
    }
  }

  private async failure(logStart: number): Promise<string> {
    const output = (await this.log.bytesFrom(logStart)).toString();
    return failureText(output) ?? this.exitText ?? 'Xray ended at once';
  }

  private exitOf(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code, signal) => {
        this.exitText = signal ? `Xray was ended by ${signal}` : `Xray exited with code ${code}`;
        resolve();
      });
    });
  }

  /** A process that is no child of this one does not report its end. */
  private watch(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        if (processIdentity(this.state.pid) === this.state.identity) return;
        clearInterval(timer);
        this.exitText = 'Xray ended';
        resolve();
      }, WATCH_MS);
      timer.unref();
    });
  }
}

function spawnXray(
  executable: XrayExecutable,
  environment: NodeJS.ProcessEnv,
  logPath: string,
): ChildProcess {
  const log = openSync(logPath, 'a', 0o600);
  try {
    const child = spawn(executable.path, ['run', '-config', 'stdin:'], {
      detached: true, // or Ctrl-C would end it before its counters are read
      cwd: '/',
      env: environment,
      stdio: ['pipe', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

const socketFolder = (folder: string) => join(folder, 'run');
