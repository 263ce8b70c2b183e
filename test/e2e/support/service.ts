import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './xray-client.js';

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface Answer<T = any> {
  status: number;
  headers: Headers;
  text: string;
  json: T;
}

/** The service as an operator runs it: its own process, data folder and embedded database. */
export class Service {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'margrave-e2e-'));
  readonly output: string[] = [];
  port = 0;
  private child: ChildProcess | undefined;
  private token = '';

  constructor(private readonly env: Record<string, string>) {
    chmodSync(this.dataDir, 0o755); // as root, PostgreSQL runs as somebody else
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it (again); resolves once it is ready. */
  async start(): Promise<void> {
    this.port ||= await freePort();
    const child = spawn(process.execPath, ['--enable-source-maps', 'dist/src/main.js'], {
      cwd: projectRoot,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        HOST: '127.0.0.1',
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        SUDO_USERNAME: 'root',
        SUDO_PASSWORD: 'correct horse',
        SERVER_IP: '127.0.0.1',
        ...this.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => this.output.push(chunk.toString()));
    }
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`the service ended: ${this.output.join('')}`);
      return (await fetch(`${this.url}/health/ready`).catch(() => undefined))?.ok;
    }, 60_000);
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** A clean stop, and the data folder with it. */
  async destroy(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async login(): Promise<void> {
    const body = new URLSearchParams({ username: 'root', password: 'correct horse' });
    const answer = await fetch(`${this.url}/api/admin/token`, { method: 'POST', body });
    this.token = ((await answer.json()) as { access_token: string }).access_token;
  }

  /** Any request as the sudo admin; throws unless the answer is a 200. */
  async call<T = any>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.ask<T>(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async ask<T = any>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

/** Waits until `condition` gives something truthy, and returns it. */
export async function eventually<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
