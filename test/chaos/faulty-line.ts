import { createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * What is wrong with a line: nothing passes and nobody is told, for ever on the connections that meet with it; all is
 * late by so many milliseconds; connections are cut after so many bytes.
 */
export type LineFault = { swallows: true } | { delayMs: number } | { cutAfter: number };

interface Pair {
  client: Socket;
  server: Socket;
  bytes: number;
  isLost: boolean;
}

/** A TCP address in front of another one on this machine, over a line that may be bad. */
export class FaultyLine {
  fault: LineFault | undefined;
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;

  constructor(
    readonly port: number,
    private readonly target: number,
  ) {}

  /** Listens from now on, as what is behind it does. */
  async open(): Promise<void> {
    if (this.server) return;
    const server = createServer({ allowHalfOpen: true }, (client) => this.connect(client));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  /** Nobody listens any more, and what was connected is not, but for what nobody is told. */
  close(): void {
    this.server?.close();
    this.server = undefined;
    for (const pair of this.pairs) {
      if (pair.isLost) pair.server.destroy();
      else hangUp(pair);
    }
  }

  /** Also the connections that nothing passes on. */
  hangUpAll(): void {
    for (const pair of this.pairs) hangUp(pair);
  }

  private connect(client: Socket): void {
    const server = createConnection({ host: '127.0.0.1', port: this.target, allowHalfOpen: true });
    const pair = { client, server, bytes: 0, isLost: false };
    this.pairs.add(pair);
    this.pass(pair, client, server);
    this.pass(pair, server, client);
    client.on('end', () => pair.isLost && hangUp(pair)); // it does not believe in it any more
    client.on('close', () => {
      this.pairs.delete(pair);
      server.destroy();
    });
  }

  private pass(pair: Pair, from: Socket, to: Socket): void {
    let line: Promise<unknown> = Promise.resolve(); // what is late holds up what comes after it
    const send = (act: () => void) => {
      const { fault } = this;
      if (fault && 'swallows' in fault) pair.isLost = true;
      const late = fault && 'delayMs' in fault ? fault.delayMs : 0;
      const due = late > 0 ? new Promise((resolve) => setTimeout(resolve, late)) : undefined;
      line = line.then(() => due).then(() => (pair.isLost || to.destroyed ? undefined : act()));
    };
    from.on('data', (data) => {
      pair.bytes += data.length;
      const { fault } = this;
      if (fault && 'cutAfter' in fault && pair.bytes > fault.cutAfter) return hangUp(pair);
      send(() => to.write(data));
    });
    from.on('end', () => send(() => to.end()));
    from.on('error', () => pair.isLost || hangUp(pair));
    from.on('close', () => send(() => to.destroy()));
  }
}

function hangUp({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}
