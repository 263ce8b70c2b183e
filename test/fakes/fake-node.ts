import { setTimeout as sleep } from 'node:timers/promises';
import { CoreApi } from '../../src/features/nodes/adapters/core-api.js';
import {
  type CoreBody,
  CoreRefused,
  type CoreState,
  type StartableCore,
} from '../../src/features/nodes/adapters/core-connection.js';
import { CoreError, XrayClient } from '../../src/xray/grpc/index.js';
import { text as textOf } from 'node:stream/consumers';
import { FakeXray } from './fake-xray.js';

/** A machine with a core, which goes on whoever connects to it. */
export class FakeNode {
  core: FakeXray | undefined;
  /** How many core processes were started here. */
  starts = 0;
  /** Whether the core goes with the service that works on it. */
  endsWithOwner = false;
  /** Cores refuse configs that hold this text. */
  refuses: string | undefined;
  /** What the core has written. */
  readonly log: string[] = [];
  /** Runs before a core is started, while its config is ready. */
  beforeStart: () => Promise<void> = async () => undefined;

  private readonly connections = new Set<FakeConnection>();

  connect(): StartableCore {
    const connection = new FakeConnection(this);
    this.connections.add(connection);
    return connection;
  }

  /** Whether anybody has a connection to the core. */
  get isConnected(): boolean {
    return [...this.connections].some(({ isOpen }) => isOpen);
  }

  async *logs(signal: AbortSignal): AsyncGenerator<string[]> {
    let sent = 0;
    while (!signal.aborted) {
      const lines = this.log.slice(sent);
      sent += lines.length;
      if (lines.length > 0) yield lines;
      await sleep(10, undefined, { signal }).catch(() => undefined);
    }
  }

  async start(config: string): Promise<FakeXray> {
    await this.core?.kill();
    if (this.refuses !== undefined && config.includes(this.refuses)) {
      this.core = undefined;
      throw new CoreRefused(`config holds ${this.refuses}`);
    }
    this.starts++;
    return (this.core = await FakeXray.start(config));
  }
}

/** What an adapter for a remote node would be: a process that others control, and the common API. */
class FakeConnection implements StartableCore {
  readonly startsCore = true;
  lost: AbortSignal | undefined;
  readonly movesFreely = true;
  private api: { core: FakeXray; api: CoreApi } | undefined;

  constructor(private readonly node: FakeNode) {}

  get isOpen(): boolean {
    return this.api !== undefined;
  }

  get endsWithOwner(): boolean {
    return this.node.endsWithOwner;
  }

  async observe(signal: AbortSignal): Promise<CoreState> {
    if (!this.node.core?.isAlive) return { running: false };
    return this.current().observe('26.3.27', signal);
  }

  async glance(signal: AbortSignal): Promise<CoreState> {
    if (!this.node.core?.isAlive) return { running: false };
    return this.current().glance('26.3.27', signal);
  }

  async restart(body: CoreBody, beforeEnd: () => Promise<void>): Promise<string> {
    const config = await textOf(body.chunks({ apiListen: '/nowhere' }));
    await this.node.beforeStart();
    await beforeEnd();
    this.close();
    await this.node.start(config);
    this.current();
    return '26.3.27';
  }

  async stop(): Promise<void> {
    this.close();
    await this.node.core?.kill();
  }

  close(): void {
    this.api?.api.close();
    this.api = undefined;
  }

  addAccount: StartableCore['addAccount'] = (...call) => this.current().addAccount(...call);
  removeAccount: StartableCore['removeAccount'] = (...call) => this.current().removeAccount(...call);
  accounts: StartableCore['accounts'] = (...call) => this.current().accounts(...call);
  eachAccount: StartableCore['eachAccount'] = (...call) => this.current().eachAccount(...call);
  counters: StartableCore['counters'] = (...call) => this.current().counters(...call);

  private current(): CoreApi {
    const { core } = this.node;
    if (!core?.isAlive) throw new CoreError('unavailable', 'connect ECONNREFUSED');
    if (this.api?.core !== core) {
      this.api?.api.close();
      this.api = { core, api: new CoreApi(new XrayClient(core.target)) };
      const lost = new AbortController();
      core.onDeath = () => lost.abort();
      this.lost = lost.signal;
    }
    return this.api.api;
  }
}
