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
  private readonly pairs = new Set<Pair>();

  private constructor(
    private readonly listener: Server,
    private target: Local,
  ) {}

  static async before(target: Connection): Promise<DatabaseProxy> {
    const listener = createServer({ allowHalfOpen: true }); // or an end would be answered with one
    const proxy = new DatabaseProxy(listener, target as Local);
    listener.on('connection', (client) => proxy.connect(client));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
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

  async close(): Promise<void> {
    this.disconnectAll();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private connect(client: Socket): void {
    const path = join(this.target.socketDir, '.s.PGSQL.5432');
    const server = this.swallowsNew ? undefined : createConnection({ path, allowHalfOpen: true });
    const pair: Pair = { client, server, lost: this.swallowsNew, left: false };
    this.pairs.add(pair);
    client.on('data', (data) => pair.lost || server?.write(data));
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
