import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Connection } from '../../src/shared/database/data-source.js';

type Local = Extract<Connection, { socketDir: string }>;

interface Pair {
  client: Socket;
  server: Socket | undefined;
  /** What arrives vanishes, and nobody is told. */
  lost: boolean;
  /** Our side has closed. */
  left: boolean;
}

/** A TCP address in front of a PostgreSQL that can lose connections without a word, or come to lead elsewhere. */
export class DatabaseProxy {
  /** Whether new connections, too, are taken and never answered. */
  swallowsNew = false;
  /** How many pieces our side has sent. */
  sent = 0;
  private interruption: { at: number; milliseconds: number } | undefined;
  private refuses = false;
  private readonly pairs = new Set<Pair>();

  private constructor(
    private readonly listener: Server,
    private target: Local,
  ) {}

  static async before(target: Connection, port = 0): Promise<DatabaseProxy> {
    const listener = createServer({ allowHalfOpen: true }); // or an end would be answered with one
    const proxy = new DatabaseProxy(listener, target as Local);
    listener.on('connection', (client) => proxy.connect(client));
    await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
    return proxy;
  }

  get connection(): { url: string } {
    const { user, database } = this.target;
    const { port } = this.listener.address() as AddressInfo;
    return { url: `postgresql://${user}@127.0.0.1:${port}/${database}` };
  }

  /** Connections that were lost and that our side still believes in. */
  get believedIn(): number {
    return [...this.pairs].filter(({ server, lost, left }) => server && lost && !left).length;
  }

  /** From now on nothing passes on the connections there are: neither data nor an end. */
  loseAll(): void {
    for (const pair of this.pairs) pair.lost = true;
  }

  /** New connections lead there; those there are stay, as behind an address that moved. */
  leadTo(target: Connection): void {
    this.target = target as Local;
  }

  /** Ends the connections there are, as a server that stops does. */
  disconnectAll(): void {
    for (const { client, server } of this.pairs) {
      client.destroy();
      server?.destroy();
    }
  }

  get interrupted(): boolean {
    return this.interruption !== undefined && this.sent >= this.interruption.at;
  }

  /** When our side sends its nth piece, everything is ended, and new connections are, too, for a while. */
  interruptAt(n: number, milliseconds: number): void {
    this.interruption = { at: n, milliseconds };
  }

  async close(): Promise<void> {
    this.disconnectAll();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private count(): void {
    this.sent++;
    if (this.sent !== this.interruption?.at) return;
    this.refuses = true;
    setTimeout(() => (this.refuses = false), this.interruption.milliseconds);
    this.disconnectAll();
  }

  private connect(client: Socket): void {
    if (this.refuses) return void client.destroy();
    const path = join(this.target.socketDir, '.s.PGSQL.5432');
    const server = this.swallowsNew ? undefined : createConnection({ path, allowHalfOpen: true });
    const pair: Pair = { client, server, lost: this.swallowsNew, left: false };
    this.pairs.add(pair);
    client.on('data', (data) => {
      this.count();
      if (!pair.lost && !client.destroyed) server?.write(data);
    });
    client.on('end', () => {
      pair.left = true;
      if (!pair.lost) server?.end();
    });
    client.on('error', () => client.destroy());
    client.on('close', () => {
      this.pairs.delete(pair);
      server?.destroy();
    });
    server?.on('data', (data) => pair.lost || client.write(data));
    server?.on('end', () => pair.lost || client.end());
    server?.on('error', () => pair.lost || client.destroy());
  }
}
