import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  // oxlint-disable-next-line no-explicit-any -- tests assert on the shapes they expect
  events: any[];
}

type Behaviour = (response: ServerResponse, request: Received) => void;

/** A shop that notifications are sent to: keeps what it receives, and answers as it is told. */
export class WebhookTarget {
  readonly received: Received[] = [];

  private constructor(
    private readonly server: Server,
    public behaviour: Behaviour,
  ) {
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const events = body === '' ? [] : JSON.parse(body);
        const received = { path: request.url!, headers: request.headers, body, events };
        this.received.push(received);
        this.behaviour(response, received);
      });
    });
  }

  static async start(behaviour: Behaviour = (response) => response.end('fine')): Promise<WebhookTarget> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new WebhookTarget(server, behaviour);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Written as an address, so that it may be a private one. */
  get address(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** `username action` of everything received so far, in order. */
  get log(): string[] {
    return this.received.flatMap(({ events }) =>
      events.map(({ username, action }) => `${username} ${action}`),
    );
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
