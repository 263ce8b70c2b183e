import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Certificate } from '../support/certificates.js';

export interface Received {
  method: string;
  path: string;
  contentType: string | undefined;
  body: unknown;
}

export interface FakeAnswer {
  status: number;
  body?: object | string;
  headers?: Record<string, string>;
}

/** A service of others that takes JSON: it keeps what it gets, and answers as it is told. */
export class FakeApi {
  readonly received: Received[] = [];
  connections = 0;
  /** Undefined: it never answers. */
  answer: (request: Received) => FakeAnswer | undefined = () => ({ status: 200, body: { ok: true } });

  private constructor(private readonly server: http.Server) {}

  static async start(certificate?: Certificate): Promise<FakeApi> {
    const server = certificate
      ? https.createServer({ cert: certificate.certificate, key: certificate.key })
      : http.createServer();
    const api = new FakeApi(server);
    server.on('connection', () => api.connections++);
    server.on('request', (request, response) => void api.serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return api;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const received = {
      method: request.method!,
      path: request.url!,
      contentType: request.headers['content-type'],
      body: await json(request),
    };
    this.received.push(received);
    const answer = this.answer(received);
    if (!answer) return;
    response.writeHead(answer.status, answer.headers);
    response.end(typeof answer.body === 'object' ? JSON.stringify(answer.body) : answer.body);
  }
}
