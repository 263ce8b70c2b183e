import { setTimeout as sleep } from 'node:timers/promises';
import { type CoreProcess, startCore } from '../e2e/support/core-process.js';
import { freePorts } from '../e2e/support/free-ports.js';
import { download, fileHash, type Origin } from '../e2e/support/origin.js';
import { outboundOf } from '../e2e/support/share-link.js';
import type { Chance } from './random.js';

const LARGEST = 400_000;
const PATIENCE_MS = 20_000;

interface Customer {
  device: CoreProcess;
  ports: number[];
  isLeaving: boolean;
  done: Promise<void>;
}

/** Customers with a real Xray each, which download files of any size over any of their links, and check what arrives. */
export class Customers {
  downloads = 0;
  bytes = 0;
  /** Cut off, or refused: no wonder, and none of our business. */
  failures = 0;
  /** Files that arrived whole and wrong. */
  damaged = 0;
  private readonly all = new Map<string, Customer>();

  constructor(
    private readonly xrayPath: string,
    private readonly origin: Origin,
    private readonly chance: Chance,
  ) {}

  async add(username: string, links: readonly string[]): Promise<void> {
    const ports = await freePorts(links.length);
    const config = {
      log: { loglevel: 'none' },
      inbounds: ports.map((port) => ({ tag: `${port}`, listen: '127.0.0.1', port, protocol: 'http' })),
      outbounds: links.map((link, i) => ({ ...outboundOf(link), tag: `${ports[i]}` })),
      routing: { rules: ports.map((port) => ({ inboundTag: [`${port}`], outboundTag: `${port}` })) },
    };
    const command = {
      path: this.xrayPath,
      args: ['run', '-config', 'stdin:'],
      input: JSON.stringify(config),
    };
    const device = await startCore(command, ports);
    const customer = { device, ports, isLeaving: false, done: Promise.resolve() };
    customer.done = this.use(customer);
    this.all.set(username, customer);
  }

  async remove(username: string): Promise<void> {
    const customer = this.all.get(username);
    if (!customer) return;
    this.all.delete(username);
    customer.isLeaving = true;
    await customer.device.close();
    await customer.done;
  }

  async removeAll(): Promise<void> {
    await Promise.all([...this.all.keys()].map((username) => this.remove(username)));
  }

  private async use(customer: Customer): Promise<void> {
    const chance = this.chance.fork();
    while (!customer.isLeaving) {
      const size = chance.between(1, LARGEST);
      try {
        const { bytes, sha256 } = await download(
          chance.one(customer.ports)!,
          this.origin.url(size),
          PATIENCE_MS,
        );
        this.downloads++;
        this.bytes += bytes;
        if (bytes === size && sha256 !== fileHash(size)) this.damaged++;
      } catch {
        this.failures++;
      }
      await sleep(chance.between(20, 400));
    }
  }
}
