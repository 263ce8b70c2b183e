import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { readMarkers } from '../../src/xray/config/index.js';
import { XrayClient } from '../../src/xray/grpc/index.js';
import type { XrayExecutable } from '../../src/xray/process/executable.js';
import { BareXray } from '../support/bare-xray.js';
import { type Certificate, selfSigned } from '../support/certificates.js';
import { freePort } from '../support/service-process.js';
import { ChaosNode, type CoreEnd, marksOf } from './chaos-node.js';
import { CounterNotes, CounterRelay } from './counter-relay.js';
import { FaultyLine } from './faulty-line.js';

const NAME = 'bare.test';

/** An Xray whose owner starts it, reached by its API only, over a line that may be bad. Each claim on a process is a run. */
export class BareNode extends ChaosNode {
  protected override readonly lines: readonly FaultyLine[];
  /** The config that its owner has put in place. */
  private config = '';
  private isUp = false;
  /** What its owner does, one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    address: string,
    private readonly core: BareXray,
    private readonly certificate: Certificate,
    protected readonly notes: CounterNotes,
    private readonly relay: CounterRelay,
    private readonly line: FaultyLine,
  ) {
    super('bare node', address);
    this.lines = [line];
    notes.onMarker = (marker) => this.onMarker(marker);
  }

  static async create(number: number, xray: XrayExecutable): Promise<BareNode> {
    const certificate = await selfSigned(NAME);
    const core = await BareXray.create(xray.path, certificate);
    const notes = new CounterNotes();
    const relay = await CounterRelay.beforePort(core.apiPort, certificate, notes);
    const line = new FaultyLine(await freePort(), relay.port);
    return new BareNode(`127.0.1.${number}`, core, certificate, notes, relay, line);
  }

  get facts(): object {
    return {
      address: '127.0.0.1',
      api_port: this.line.port,
      kind: 'xray_grpc',
      api_server_name: NAME,
      api_ca_certificate: this.certificate.certificate,
    };
  }

  /** Its owner puts this config in place and starts it anew, unless it runs with it already. */
  install(config: { inbounds: object[] }): Promise<void> {
    return this.inTurn(async () => {
      const inbounds = config.inbounds.map((inbound) => ({ ...inbound, listen: this.address }));
      const placed = JSON.stringify({ ...config, inbounds });
      if (this.isUp && placed === this.config) return;
      this.config = placed;
      await this.startAnew('started anew by its owner', 0);
    });
  }

  /** Its owner starts it again, a moment later. */
  killCore(downMs = 1_000): Promise<boolean> {
    return this.inTurn(async () => {
      if (!this.isUp) return false;
      await this.startAnew('killed', downMs);
      return true;
    });
  }

  client(): XrayClient {
    const security = credentials.createSsl(Buffer.from(this.certificate.certificate));
    return new XrayClient(`127.0.0.1:${this.core.apiPort}`, security, {
      'grpc.ssl_target_name_override': NAME,
    });
  }

  async close(): Promise<void> {
    await this.turn;
    this.line.close();
    this.line.hangUpAll();
    await this.core.close();
    await this.relay.close();
  }

  private async startAnew(end: CoreEnd, downMs: number): Promise<void> {
    const { run } = this;
    this.isUp = false;
    await this.core.kill();
    if (run) this.end(run, end);
    this.line.close(); // nobody listens where no core is
    await sleep(downMs);
    await this.core.start(this.config);
    this.isUp = true;
    await this.line.open();
  }

  private onMarker(marker: string): void {
    if (!readMarkers([marker]).claim) return;
    const { run } = this;
    if (run) this.end(run, 'claimed anew');
    const { configMark } = marksOf(this.config);
    const cause = run ? 'the node was added again' : 'its owner started it';
    this.begin({ marker, configMark, pid: this.core.pid ?? 0, cause });
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(act);
    this.turn = turn.catch(() => undefined);
    return turn;
  }
}
