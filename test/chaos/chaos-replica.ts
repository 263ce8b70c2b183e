import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { performance } from 'node:perf_hooks';
import type { Connection } from '../../src/shared/database/data-source.js';
import { SUDO } from '../e2e/support/operator.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';

const CALL_MS = 10_000;
/** What a replica needs at its start may be locked by one whose connections were lost, for a minute and longer. */
const START_MS = 150_000;
const preload = fileURLToPath(new URL('wrong-clock.mjs', import.meta.url));

/** The answer of a replica that did not do what it was asked to. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(`${status} ${text}`);
  }
}

/** One process of the service, with a line to the database and a clock of its own. */
export class ChaosReplica {
  state: 'up' | 'paused' | 'down' = 'down';
  /** Milliseconds by which its time of day is wrong. */
  wrongBy = 0;
  /** What it has said, of all its lives. */
  log = '';
  /** How often its process ended although nobody had ended it. */
  crashes = 0;
  private token: string | undefined;

  private constructor(
    readonly name: string,
    private readonly service: ServiceProcess,
    readonly database: DatabaseProxy,
    private readonly environment: Record<string, string>,
  ) {}

  static async create(
    name: string,
    database: Connection,
    environment: Record<string, string>,
  ): Promise<ChaosReplica> {
    return new ChaosReplica(
      name,
      await ServiceProcess.create(),
      await DatabaseProxy.before(database),
      environment,
    );
  }

  private get clock(): string {
    return join(this.service.folder, 'clock');
  }

  async start(): Promise<void> {
    writeFileSync(this.clock, String(this.wrongBy));
    await this.service.start(
      {
        SUDO_USERNAME: SUDO.username,
        SUDO_PASSWORD: SUDO.password,
        DATABASE_URL: this.database.connection.url,
        NODE_OPTIONS: `--import=${preload}`,
        CHAOS_CLOCK: this.clock,
        ...this.environment,
      },
      START_MS,
    );
    this.state = 'up';
    void this.service.ended().then(() => {
      if (this.state !== 'down') this.crashes++;
    });
  }

  stepClock(wrongBy: number): void {
    this.wrongBy = wrongBy;
    writeFileSync(this.clock, String(wrongBy));
    this.service.signal('SIGUSR2');
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** In order, with a while to hand over what it works on. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    this.state = 'down';
    this.service.signal(signal);
    await this.service.ended();
    this.log += this.service.output + this.service.errors;
  }

  pause(): void {
    this.state = 'paused';
    this.service.signal('SIGSTOP');
  }

  resume(): void {
    this.service.signal('SIGCONT');
    this.state = 'up';
  }

  /** What the API answers. @throws Refused, or whatever becomes of a request to a process that is gone */
  async call(method: string, path: string, body?: unknown): Promise<any> {
    this.token ??= await this.logIn();
    const response = await fetch(this.service.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS),
    });
    const text = await response.text();
    if (response.status === 401) this.token = undefined;
    if (!response.ok) throw new Refused(response.status, text);
    return JSON.parse(text);
  }

  /** Whether it is ready within the time; returns the milliseconds it took. */
  async ready(timeoutMs: number): Promise<number> {
    const begun = performance.now();
    await eventually(async () => (await this.service.health('ready')) === 200, timeoutMs);
    return performance.now() - begun;
  }

  async destroy(): Promise<void> {
    this.state = 'down';
    this.service.signal('SIGCONT');
    await this.service.destroy();
    this.log += this.service.output + this.service.errors;
    await this.database.close();
  }

  private async logIn(): Promise<string> {
    const response = await fetch(`${this.service.url}/api/admin/token`, {
      method: 'POST',
      body: new URLSearchParams(SUDO),
      signal: AbortSignal.timeout(CALL_MS),
    });
    if (!response.ok) throw new Refused(response.status, await response.text());
    return ((await response.json()) as { access_token: string }).access_token;
  }
}
