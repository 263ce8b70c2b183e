import { connect as connectTls } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { readMarkers } from '../../src/xray/config/index.js';
import { XrayClient } from '../../src/xray/grpc/index.js';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { FakeMarzbanNode, type RealCore } from '../fakes/fake-marzban-node.js';
import { freePort } from '../support/service-process.js';
import { CounterRelay } from './counter-relay.js';
import { FaultyLine, type LineFault } from './faulty-line.js';

/** Why a core process is gone: the suite killed it or its agent, or the agent ended it as it was told to. */
export type CoreEnd = 'killed' | 'agent restarted' | 'replaced';

/** One core process that ran. */
export interface CoreRun {
  marker: string;
  configMark: string;
  pid: number;
  startedAt: number;
  end: CoreEnd | undefined;
  endedAt: number | undefined;
}

/** A node: an agent with a real Xray, both reached over lines that may be bad; the relay takes down what the core reports. */
export class ChaosNode {
  id = 0;
  readonly runs: CoreRun[] = [];
  private core: RealCore | undefined;
  private nextEnd: CoreEnd | undefined;

  private constructor(
    /** Where its inbounds are. */
    readonly address: string,
    readonly agent: FakeMarzbanNode,
    readonly relay: CounterRelay,
    private readonly line: FaultyLine,
    private readonly apiLine: FaultyLine,
  ) {
    agent.address = address;
    agent.onCore = (core) => this.onCore(core);
  }

  static async start(number: number, trusted: string, xray: XrayExecutable): Promise<ChaosNode> {
    const agent = await FakeMarzbanNode.start(trusted, xray);
    const relay = await CounterRelay.before(agent.apiPort, agent.certificate);
    const line = new FaultyLine(await freePort(), agent.port);
    await line.open();
    const apiLine = new FaultyLine(await freePort(), relay.port);
    return new ChaosNode(`127.0.1.${number}`, agent, relay, line, apiLine);
  }

  get name(): string {
    return `node ${this.address.split('.').at(-1)}`;
  }

  get ports(): { port: number; api_port: number } {
    return { port: this.line.port, api_port: this.apiLine.port };
  }

  get run(): CoreRun | undefined {
    const last = this.runs.at(-1);
    return last?.end === undefined ? last : undefined;
  }

  /** `kill -9`. Whether there was one. */
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

  setFault(fault: LineFault | undefined): void {
    this.line.fault = this.apiLine.fault = fault;
  }

  /** The API of the core, past all lines. */
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
    for (const line of [this.line, this.apiLine]) {
      line.close();
      line.hangUpAll();
    }
    await this.agent.close();
    await this.relay.close();
  }

  private onCore(core: RealCore): void {
    this.core = core;
    const { outbounds } = JSON.parse(core.config) as { outbounds: { tag?: string }[] };
    const { process: marker = '', config: configMark = '' } = readMarkers(
      outbounds.map(({ tag = '' }) => tag),
    );
    const run: CoreRun = {
      marker,
      configMark,
      pid: core.pid,
      startedAt: Date.now(),
      end: undefined,
      endedAt: undefined,
    };
    this.runs.push(run);
    // Nobody listens where no core is. Another one may have come when this is noticed.
    void this.openWhenReady(core);
    void core.exit.then(() => {
      run.end = this.nextEnd ?? 'replaced';
      run.endedAt = Date.now();
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
