import { connect as connectTls } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { XrayClient } from '../../src/xray/grpc/index.js';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { FakeMarzbanNode, type RealCore } from '../fakes/fake-marzban-node.js';
import { freePort } from '../support/service-process.js';
import { ChaosNode, type CoreEnd, marksOf } from './chaos-node.js';
import { CounterNotes, CounterRelay } from './counter-relay.js';
import { FaultyLine } from './faulty-line.js';

const STARTS = ['/start', '/restart'];
const COMMANDS = [...STARTS, '/connect', '/disconnect'];

/** An agent with a real Xray, both reached over lines that may be bad. */
export class AgentNode extends ChaosNode {
  private core: RealCore | undefined;
  private nextEnd: CoreEnd | undefined;
  /** What the service told the agent last that may end a core. */
  private command = '';
  protected override readonly lines: readonly FaultyLine[];

  private constructor(
    name: string,
    address: string,
    private readonly agent: FakeMarzbanNode,
    protected readonly notes: CounterNotes,
    private readonly relay: CounterRelay,
    private readonly line: FaultyLine,
    private readonly apiLine: FaultyLine,
  ) {
    super(name, address);
    this.lines = [line, apiLine];
    agent.address = address;
    agent.onCore = (core) => this.onCore(core);
    agent.intercept = ({ url = '' }) => {
      if (COMMANDS.includes(url)) this.command = url;
      return false;
    };
  }

  static async start(number: number, trusted: string, xray: XrayExecutable): Promise<AgentNode> {
    const agent = await FakeMarzbanNode.start(trusted, xray);
    const notes = new CounterNotes();
    const relay = await CounterRelay.beforePort(agent.apiPort, agent.certificate, notes);
    const line = new FaultyLine(await freePort(), agent.port);
    await line.open();
    const apiLine = new FaultyLine(await freePort(), relay.port);
    return new AgentNode(`node ${number}`, `127.0.1.${number}`, agent, notes, relay, line, apiLine);
  }

  get facts(): object {
    return { address: '127.0.0.1', port: this.line.port, api_port: this.apiLine.port };
  }

  async killCore(): Promise<boolean> {
    if (!this.run) return false;
    this.nextEnd = 'killed';
    await this.core?.kill();
    return true;
  }

  async restartAgent(): Promise<void> {
    this.nextEnd = 'agent restarted';
    this.line.close();
    await this.agent.restart();
    this.nextEnd = undefined;
    await this.line.open();
  }

  client(): XrayClient {
    const { certificate } = this.agent.certificate;
    const security = credentials.createSsl(Buffer.from(certificate), null, null, {
      checkServerIdentity: () => undefined,
    });
    return new XrayClient(`127.0.0.1:${this.agent.apiPort}`, security, {
      'grpc.ssl_target_name_override': 'Gozargah',
    });
  }

  async close(): Promise<void> {
    for (const line of this.lines) {
      line.close();
      line.hangUpAll();
    }
    await this.agent.close();
    await this.relay.close();
  }

  private onCore(core: RealCore): void {
    this.core = core;
    const run = this.begin({ ...marksOf(core.config), pid: core.pid });
    // Nobody listens where no core is. Another one may have come when this is noticed.
    void this.openWhenReady(core);
    void core.exit.then(() => {
      this.end(run, this.nextEnd ?? (STARTS.includes(this.command) ? 'replaced' : 'disconnected'));
      if (this.nextEnd === 'killed') this.nextEnd = undefined;
      if (this.core === core) this.apiLine.close();
    });
  }

  private async openWhenReady(core: RealCore): Promise<void> {
    while (core.isAlive && !(await this.answers())) await new Promise((resolve) => setTimeout(resolve, 20));
    if (core.isAlive) await this.apiLine.open();
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connectTls({ port: this.agent.apiPort, rejectUnauthorized: false }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  }
}
