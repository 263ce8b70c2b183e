import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerCredentials } from '@grpc/grpc-js';
import { type WebSocket, WebSocketServer } from 'ws';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/service-process.js';
import { v1Certificate } from '../support/v1-certificate.js';
import { FakeXray } from './fake-xray.js';

const BACKLOG = 100;

/** What `/start` was given. */
export interface StartCall {
  path: string;
  session_id: string;
  config: unknown;
}

interface Core {
  isAlive: boolean;
  kill(): Promise<void>;
}

/** A real core that an agent has started. */
export interface RealCore extends Core {
  pid: number;
  /** The config that the agent was given. */
  config: string;
  /** Resolves when the process is gone. */
  exit: Promise<void>;
}

/**
 * Marzban's agent as its version 0.3.7 behaves: HTTPS with mutual TLS, one session, a log by web socket, and a core whose
 * API it opens with its own certificate. The core is a real Xray, or a fake one where speed matters.
 */
export class FakeMarzbanNode {
  /** Each request, in order. */
  readonly calls: string[] = [];
  readonly starts: StartCall[] = [];
  /** How many core processes were started. */
  cores = 0;
  session: string | undefined;
  /** Takes a request over, or leaves it to the agent by returning false. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** What the core ends with at its start; undefined: nothing. */
  refusal: string | undefined;
  /** The text of configs that it does so for; undefined: of all. */
  refuses: string | undefined;
  /** Runs before a core is started, while the former one is at its end. */
  beforeStart: (config: string) => Promise<void> = async () => undefined;
  /** How long an answer to a start takes. */
  startMs = 0;
  /** Who may use Xray's API beside the rules of the config; undefined: as the agent has it. */
  apiSource: string | undefined;
  /** Where all inbounds listen, as if the node were a machine of its own; undefined: where the config says. */
  address: string | undefined;
  /** Told of each real core, as soon as its process is there. */
  onCore: (core: RealCore) => void = () => undefined;
  certificate = v1Certificate();
  core: Core | undefined;
  /** Cores that it does not know of any more. */
  private readonly left: Core[] = [];
  private readonly log: string[] = [];
  private readonly viewers = new Set<WebSocket>();
  private readonly watchers = new Set<(line: string) => void>();
  private readonly folder = mkdtempSync(join(tmpdir(), 'fake-marzban-node-'));
  private server: Server | undefined;
  /** One after the other, or two that overlap would leave a core behind. */
  private starting: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly port: number,
    readonly apiPort: number,
    private readonly trusted: string,
    private readonly executable: XrayExecutable | undefined,
  ) {}

  /** `trusted` is the certificate of the service, `executable` the Xray to run; without it cores are fakes. */
  static async start(trusted: string, executable?: XrayExecutable): Promise<FakeMarzbanNode> {
    const node = new FakeMarzbanNode(await freePort(), await freePort(), trusted, executable);
    await node.listen();
    return node;
  }

  /** The core, where it is a fake. */
  get fake(): FakeXray | undefined {
    return this.core instanceof FakeXray ? this.core : undefined;
  }

  get isStarted(): boolean {
    return this.core?.isAlive === true;
  }

  count(path: string): number {
    return this.calls.filter((call) => call === path).length;
  }

  /** The core writes a line. */
  write(line: string): void {
    this.log.push(line);
    this.log.splice(0, this.log.length - BACKLOG);
    for (const watcher of this.watchers) watcher(line);
  }

  /** Whoever reads the log has to open it again. */
  breakLogs(): void {
    for (const viewer of this.viewers) viewer.terminate();
  }

  /** The agent's process ends and is started again: its session is lost, and its core with it. */
  async restart(): Promise<void> {
    await this.shutDown();
    this.session = undefined;
    this.log.length = 0;
    await this.listen();
  }

  /** The same, but its core goes on, of which it knows nothing. Returns that core. */
  async restartAlone(): Promise<Core> {
    await this.hide();
    const left = this.core!;
    this.left.push(left);
    this.core = this.session = undefined;
    this.log.length = 0;
    await this.listen();
    return left;
  }

  /** The core is started again as it was, in the same session. */
  async reload(): Promise<void> {
    await this.core?.kill();
    await this.run(this.starts.at(-1)!.config as string);
  }

  /** Nothing listens any more. */
  async shutDown(): Promise<void> {
    await this.core?.kill();
    this.core = undefined;
    await this.hide();
  }

  /** The agent is out of reach until it comes {@link back}; its core is not. */
  async hide(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await new Promise<void>((resolve) => {
      if (!server) return resolve();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async back(): Promise<void> {
    await this.listen();
  }

  /** Another panel connects, and starts a core of its own. */
  async isTakenBy(config: string): Promise<void> {
    this.session = randomUUID();
    await this.core?.kill();
    await this.run(config);
  }

  async close(): Promise<void> {
    await this.shutDown();
    for (const core of this.left) await core.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listen(): Promise<void> {
    writeFileSync(join(this.folder, 'cert.pem'), this.certificate.certificate);
    writeFileSync(join(this.folder, 'key.pem'), this.certificate.key);
    const tls = {
      cert: this.certificate.certificate,
      key: this.certificate.key,
      ca: this.trusted,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const server = createServer(tls, (request, response) => {
      this.serve(request, response).catch(() => response.destroy()); // the request was cut short
    });
    server.on('upgrade', (request: IncomingMessage, socket: Socket) => this.upgrade(request, socket));
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.server = server;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'https://x').pathname;
    this.calls.push(path);
    if (this.intercept(request, response)) return;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as StartCall;
    const [status, answer] = await this.answer(path, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  private async answer(path: string, body: StartCall): Promise<[number, object]> {
    switch (path) {
      case '/':
        return [200, this.state()];
      case '/connect':
        if (this.session !== undefined) await this.core?.kill();
        this.session = randomUUID();
        return [200, { ...this.state(), session_id: this.session }];
      case '/disconnect':
        this.session = undefined;
        await this.core?.kill();
        return [200, this.state()];
      case '/ping':
      case '/start':
      case '/restart':
        if (typeof body.session_id !== 'string') return [422, { detail: { session_id: 'Field required' } }];
        if (body.session_id !== this.session) return [403, { detail: 'Session ID mismatch.' }];
        return path === '/ping' ? [200, {}] : this.inTurn(() => this.startCore(path, body));
      default:
        return [404, { detail: 'Not Found' }];
    }
  }

  private inTurn<T>(start: () => Promise<T>): Promise<T> {
    const turn = this.starting.then(start);
    this.starting = turn.catch(() => undefined);
    return turn;
  }

  private async startCore(path: string, body: StartCall): Promise<[number, object]> {
    this.starts.push({ ...body, path });
    if (typeof body.config !== 'string')
      return [422, { detail: { config: 'Input should be a valid string' } }];
    if (path === '/start' && this.isStarted) return [503, { detail: 'Xray is started already' }];
    await this.core?.kill();
    await this.beforeStart(body.config);
    const failure = await this.run(body.config);
    await sleep(this.startMs);
    return this.isStarted ? [200, this.state()] : [503, { detail: failure ?? '' }];
  }

  private state(): object {
    return {
      connected: this.session !== undefined,
      started: this.isStarted,
      core_version: this.executable?.version ?? '26.3.27',
    };
  }

  /** Returns what the core said when it ended at once. */
  private async run(text: string): Promise<string | undefined> {
    this.core = undefined;
    if (this.refusal !== undefined && text.includes(this.refuses ?? '')) return this.refusal;
    this.cores++;
    const config = this.withApi(JSON.parse(text) as Config);
    if (this.executable) return this.runXray(this.executable.path, text, config);
    const { certificate, key } = this.certificate;
    const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
    this.core = await FakeXray.start(JSON.stringify(config), {
      target: `127.0.0.1:${this.apiPort}`,
      credentials: ServerCredentials.createSsl(null, [pair]),
    });
    return undefined;
  }

  private async runXray(path: string, text: string, config: Config): Promise<string | undefined> {
    const child = spawn(path, ['run', '-config', 'stdin:'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const core = new Xray(child, text);
    this.onCore(core);
    child.stdin.on('error', () => undefined); // it was killed at once
    const lines: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        lines.push(line);
        this.write(line);
      }
    });
    child.stdin.end(JSON.stringify(config));
    this.core = core;
    await eventually(() => !core.isAlive || lines.some((line) => /Xray .* started/.test(line)), 30_000);
    return core.isAlive ? undefined : lines.at(-1);
  }

  /** As the agent does it. */
  private withApi(config: Config): Config {
    const { routing, api } = config;
    const inbounds = (config.inbounds ?? []).map((inbound) =>
      this.address === undefined ? inbound : { ...inbound, listen: this.address },
    );
    const own = {
      listen: '127.0.0.1',
      port: this.apiPort,
      protocol: 'dokodemo-door',
      settings: { address: '127.0.0.1' },
      streamSettings: {
        security: 'tls',
        tlsSettings: {
          certificates: [
            { certificateFile: join(this.folder, 'cert.pem'), keyFile: join(this.folder, 'key.pem') },
          ],
        },
      },
      tag: 'API_INBOUND',
    };
    const rule = {
      inboundTag: ['API_INBOUND'],
      source: this.apiSource === undefined ? ['127.0.0.1'] : [this.apiSource],
      outboundTag: 'API',
      type: 'field',
    };
    const rules = (routing?.rules ?? []).filter(({ outboundTag }) => !api || outboundTag !== api.tag);
    return {
      ...config,
      api: { services: ['HandlerService', 'StatsService', 'LoggerService'], tag: 'API' },
      stats: {},
      inbounds: [own, ...inbounds],
      routing: routing?.rules ? { ...routing, rules: [rule, ...rules] } : { rules: [rule] },
    };
  }

  private upgrade(request: IncomingMessage, socket: Socket): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x');
    this.calls.push(pathname);
    if (pathname !== '/logs' || searchParams.get('session_id') !== this.session) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    new WebSocketServer({ noServer: true }).handleUpgrade(request, socket, Buffer.alloc(0), (viewer) =>
      this.sendLog(viewer, Number(searchParams.get('interval'))),
    );
  }

  /** The first line alone, as the agent's clock begins with it; then all of each interval at once. */
  private sendLog(viewer: WebSocket, intervalSeconds: number): void {
    const pending = [...this.log];
    const session = this.session;
    const watcher = (line: string) => pending.push(line);
    this.watchers.add(watcher);
    this.viewers.add(viewer);
    if (pending.length > 0) viewer.send(`${pending.shift()}\n`);
    const timer = setInterval(() => {
      if (this.session !== session) return viewer.close();
      if (pending.length > 0)
        viewer.send(
          pending
            .splice(0)
            .map((line) => `${line}\n`)
            .join(''),
        );
    }, intervalSeconds * 1000);
    viewer.on('close', () => {
      clearInterval(timer);
      this.watchers.delete(watcher);
      this.viewers.delete(viewer);
    });
  }
}

class Xray implements RealCore {
  isAlive = true;
  readonly exit: Promise<void>;

  constructor(
    private readonly child: ChildProcess,
    readonly config: string,
  ) {
    this.exit = new Promise((resolve) =>
      child.once('exit', () => {
        this.isAlive = false;
        resolve();
      }),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }
}

interface Config {
  inbounds?: object[];
  routing?: { rules?: { outboundTag?: string }[] };
  api?: { tag?: string; services?: string[] };
  [key: string]: unknown;
}
