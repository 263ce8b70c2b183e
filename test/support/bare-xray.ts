import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { XrayClient } from '../../src/xray/grpc/index.js';
import { type CoreProcess, startCore } from '../e2e/support/core-process.js';
import type { Certificate } from './certificates.js';
import { freePort } from './service-process.js';

type Json = Record<string, unknown>;

/** An Xray that its owner starts, with a file for the API beside the config, as `docs/nodes.md` has it. */
export class BareXray {
  /** How often it was started. */
  starts = 0;
  private process: CoreProcess | undefined;

  private constructor(
    private readonly path: string,
    private readonly folder: string,
    readonly apiPort: number,
    private readonly tls: Certificate | undefined,
  ) {}

  /** Prepares one. It does not run yet. */
  static async create(path: string, tls?: Certificate): Promise<BareXray> {
    return new BareXray(path, await mkdtemp(join(tmpdir(), 'bare-xray-')), await freePort(), tls);
  }

  /** Asks its API as whoever runs it does. */
  async asOwner<T>(work: (client: XrayClient) => Promise<T>): Promise<T> {
    const client = new XrayClient(`127.0.0.1:${this.apiPort}`);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  /** Starts it with this config, after the end of a former process. */
  async start(config: Json | string): Promise<void> {
    await this.kill();
    const files = { 'api.json': JSON.stringify(await this.api()), 'panel.json': textOf(config) };
    const paths = Object.keys(files).map((name) => join(this.folder, name));
    for (const [i, text] of Object.values(files).entries()) await writeFile(paths[i]!, text);
    const args = ['run', ...paths.flatMap((file) => ['-c', file])];
    this.process = await startCore({ path: this.path, args }, [this.apiPort]);
    this.starts++;
  }

  /** Gives a running one, which has no TLS, an order as its owner does: `xray api <name>` with a file that holds `what`. */
  async command(name: string, what: Json): Promise<void> {
    const file = join(this.folder, 'order.json');
    await writeFile(file, JSON.stringify(what));
    await promisify(execFile)(this.path, ['api', name, `--server=127.0.0.1:${this.apiPort}`, file]);
  }

  /** Of the process that was started last. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  async kill(): Promise<void> {
    await this.process?.close();
    this.process = undefined;
  }

  /** What it has written since it was started. */
  log(): string {
    return this.process?.log() ?? '';
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async api(): Promise<Json> {
    const inbound: Json = {
      tag: 'API_INBOUND',
      listen: '127.0.0.1',
      port: this.apiPort,
      protocol: 'dokodemo-door',
      settings: { address: '127.0.0.1', port: 1 }, // never dialled
    };
    if (this.tls) {
      const [certificateFile, keyFile] = ['api.crt', 'api.key'].map((name) => join(this.folder, name));
      await writeFile(certificateFile!, this.tls.certificate);
      await writeFile(keyFile!, this.tls.key);
      inbound.streamSettings = {
        security: 'tls',
        tlsSettings: { certificates: [{ certificateFile, keyFile }] },
      };
    }
    return { inbounds: [inbound] };
  }
}

function textOf(config: Json | string): string {
  return typeof config === 'string' ? config : JSON.stringify(config);
}
