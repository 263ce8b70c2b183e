import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type WebSocket, WebSocketServer } from 'ws';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { AppError } from '../domain/errors.js';
import { writeJson } from './json.js';
import { asOrdinaryRequest } from './unwanted-upgrade.js';

/** A client that answers no ping within this time is gone. */
const PING_MS = 20_000;
/** What clients send is read and ignored. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const GOING_AWAY = 1001;
const END_MS = 1_000;

/** What asks to become a web socket. */
export interface Handshake {
  /** What the groups of the route's expression matched. */
  params: readonly string[];
  query: URLSearchParams;
  authorization: string | undefined;
}

/** Decides on a handshake, and returns what to do with the socket; an `AppError` refuses it. */
export type Admission = (handshake: Handshake) => Promise<(socket: WebSocket) => void>;

/**
 * Web sockets beside the API. A refusal, whatever its reason, is the answer 403 to the handshake, as clients of the
 * predecessor know it; here it has a body that says why.
 */
@Injectable()
export class WebSockets implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(WebSockets.name);
  private readonly routes: { path: RegExp; admit: Admission }[] = [];
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  private readonly silent = new Set<WebSocket>();
  private pings: NodeJS.Timeout | undefined;
  private isEnding = false;

  constructor(private readonly host: HttpAdapterHost) {}

  /** Serves web sockets at paths that match as a whole. */
  route(path: RegExp, admit: Admission): void {
    this.routes.push({ path, admit });
  }

  onApplicationBootstrap(): void {
    if (this.routes.length === 0) return;
    const server = this.host.httpAdapter.getHttpServer() as Server;
    server.on('upgrade', (request, socket, head) => {
      if (request.headers.upgrade?.toLowerCase() === 'websocket') void this.receive(request, socket, head);
      else asOrdinaryRequest(server, request, socket, head);
    });
    this.pings = setInterval(() => this.ping(), PING_MS);
    this.pings.unref();
  }

  beforeApplicationShutdown(): void {
    this.end();
  }

  /** Closes all sockets and takes no more. */
  end(): void {
    this.isEnding = true;
    clearInterval(this.pings);
    for (const socket of this.sockets.clients) closeSocket(socket, GOING_AWAY, 'The service stops');
  }

  private async receive(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    stream.on('error', () => stream.destroy());
    try {
      const start = await this.admit(request);
      if (stream.destroyed) return;
      this.sockets.handleUpgrade(request, stream, head, (socket) => {
        socket.on('error', () => socket.terminate());
        socket.on('pong', () => this.silent.delete(socket));
        socket.on('close', () => this.silent.delete(socket));
        if (this.isEnding) socket.close(GOING_AWAY);
        else start(socket);
      });
    } catch (error) {
      if (error instanceof AppError) return refuse(stream, '403 Forbidden', error.message);
      if (isDatabaseUnavailable(error)) {
        return refuse(stream, '503 Service Unavailable', 'The database is not available, try again shortly');
      }
      this.logger.error({ err: error }, 'A web socket could not be opened');
      refuse(stream, '500 Internal Server Error', 'Internal Server Error');
    }
  }

  private admit(request: IncomingMessage): Promise<(socket: WebSocket) => void> {
    const { url = '', headers } = request;
    const [path = ''] = url.split('?', 1);
    const query = new URLSearchParams(url.slice(path.length));
    for (const route of this.routes) {
      const match = route.path.exec(path);
      if (match) return route.admit({ params: match.slice(1), query, authorization: headers.authorization });
    }
    throw new NoSuchSocket();
  }

  private ping(): void {
    for (const socket of this.sockets.clients) {
      if (this.silent.has(socket)) {
        socket.terminate();
      } else {
        this.silent.add(socket);
        socket.ping();
      }
    }
  }
}

/** Closes a socket, whether or not its client does its part. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), END_MS).unref();
}

class NoSuchSocket extends AppError {
  readonly kind = 'not_found';
  constructor() {
    super('Not Found');
  }
}

function refuse(stream: Duplex, status: string, detail: string): void {
  const body = writeJson({ detail });
  stream.once('finish', () => stream.destroy()); // whether the client closes its side or not
  stream.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
