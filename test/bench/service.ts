import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from '../support/service-process.js';
import { memoryOf } from './cpu.js';

const PASSWORD = 'correct horse battery';

/** The built service as an operator runs it, in a data folder of the benchmark. */
export class BenchService {
  token = '';
  private child: ChildProcess | undefined;
  /** The same at each start. */
  private port: number | undefined;

  constructor(
    private readonly dataDir: string,
    private readonly env: Record<string, string> = {},
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child!.pid!;
  }

  /** Starts it and returns the milliseconds until it was ready. */
  async start(): Promise<number> {
    const begun = performance.now();
    this.port ??= await freePort();
    this.child = spawn(process.execPath, ['--enable-source-maps', 'dist/src/main.js'], {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        SUDO_USERNAME: 'bench',
        SUDO_PASSWORD: PASSWORD,
        XRAY_INSTALL: 'never',
        ...this.env,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (;;) {
      if (this.child.exitCode !== null) throw new Error('the service did not start');
      if (
        await fetch(`${this.url}/health/ready`).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const taken = performance.now() - begun;
    const body = new URLSearchParams({ username: 'bench', password: PASSWORD });
    const answer = await fetch(`${this.url}/api/admin/token`, { method: 'POST', body });
    this.token = ((await answer.json()) as { access_token: string }).access_token;
    return taken;
  }

  // oxlint-disable-next-line no-explicit-any -- whatever the API answers
  async call(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Resident memory of the Node process, MB. */
  memory(): number {
    return memoryOf(this.pid).now;
  }

  /** Ends it as an outage would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}
