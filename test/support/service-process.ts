import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const main = join(repository, 'dist/src/main.js');

export interface Ended {
  code: number | null;
  seconds: number;
}

/** The built service as an operator starts it, in a data folder of its own. `npm test` builds it first. */
export class ServiceProcess {
  output = '';
  errors = '';
  private child: ChildProcess | undefined;
  private exit: Promise<Ended> | undefined;

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly node: string,
  ) {}

  /** `node` is the executable it runs on. */
  static async create(node = process.execPath): Promise<ServiceProcess> {
    if (!existsSync(main)) throw new Error('There is no dist/: run `npm run build` before this test.');
    const folder = mkdtempSync(join(tmpdir(), 'margrave-service-'));
    chmodSync(folder, 0o755); // as root, PostgreSQL runs as somebody else
    return new ServiceProcess(folder, await freePort(), node);
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it without waiting. There is nothing of our own environment in its. */
  spawn(environment: Record<string, string> = {}): this {
    const begun = Date.now();
    this.output = this.errors = '';
    const child = spawn(this.node, ['--enable-source-maps', main], {
      cwd: this.folder,
      env: {
        PATH: '/usr/bin:/bin',
        HOST: '127.0.0.1',
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        XRAY_EXECUTABLE_PATH: 'none',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.exit = new Promise((resolve) =>
      child.once('close', (code) => resolve({ code, seconds: (Date.now() - begun) / 1000 })),
    );
    this.child = child;
    return this;
  }

  /** Starts it and waits until it answers. */
  async start(environment: Record<string, string> = {}, timeoutMs = 60_000): Promise<this> {
    this.spawn(environment);
    await eventually(async () => {
      if (this.child?.exitCode !== null) throw new Error(`It ended: ${this.errors}${this.output}`);
      return (await this.health('ready')) === 200;
    }, timeoutMs);
    return this;
  }

  async health(which: 'live' | 'ready'): Promise<number | undefined> {
    return fetch(`${this.url}/health/${which}`).then(
      ({ status }) => status,
      () => undefined,
    );
  }

  /** The version of Node.js that runs it. */
  runsOn(): string {
    return execFileSync(`/proc/${this.child!.pid}/exe`, ['--version'], { encoding: 'utf8' }).trim();
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  /** Resolves when the process is gone. */
  async ended(): Promise<Ended> {
    return (await this.exit)!;
  }

  /** The number of the embedded PostgreSQL's process, if one runs on the data folder. */
  postgres(): number | undefined {
    const note = join(this.dataDir, 'postgres/data/postmaster.pid');
    const pid = existsSync(note) ? Number(readFileSync(note, 'utf8').split('\n')[0]) : undefined;
    return pid !== undefined && existsSync(`/proc/${pid}/cmdline`) ? pid : undefined;
  }

  async destroy(): Promise<void> {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
      this.signal('SIGTERM');
      await this.ended();
    }
    const left = this.postgres();
    if (left !== undefined) process.kill(left, 'SIGQUIT');
    await eventually(() => this.postgres() === undefined);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
