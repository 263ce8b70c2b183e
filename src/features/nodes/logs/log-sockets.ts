import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { WebSocket } from 'ws';
import { AppError, BadRequest, NotAllowed } from '../../../shared/domain/errors.js';
import { Invalid } from '../../../shared/http/coercion.js';
import { int32 } from '../../../shared/http/fields.js';
import { closeSocket, type Handshake, WebSockets } from '../../../shared/http/web-sockets.js';
import { AdminAccess } from '../../admins/index.js';
import { NodeNotFound } from '../nodes.errors.js';
import { NodesService } from '../nodes.service.js';
import { LineSender } from './line-sender.js';
import { readInterval } from './log-interval.js';
import { type LogSource, NodeLogs } from './node-logs.js';

/** With the two seconds that an admin is remembered, a log goes on for four at most after its reader lost the right. */
const RECHECK_MS = 2_000;
/** A broken database is no reason to close a socket. */
const CLOSE_CODES = { unauthorized: 4401, forbidden: 4403 } as const;

const nodeId = int32();

/** Streams of log lines to sudo admins. */
@Injectable()
export class LogSockets implements OnModuleInit {
  constructor(
    private readonly sockets: WebSockets,
    private readonly access: AdminAccess,
    private readonly nodes: NodesService,
    private readonly logs: NodeLogs,
  ) {}

  onModuleInit(): void {
    this.sockets.route(/^\/api\/core\/logs$/, (handshake) =>
      this.admit(handshake, () => this.logs.ofLocalCore()),
    );
    this.sockets.route(/^\/api\/node\/([^/]+)\/logs$/, (handshake) =>
      this.admit(handshake, () => this.logOf(handshake.params[0]!)),
    );
  }

  /** Refuses in the order clients know: the token, the rights, the node, the interval. */
  private async admit(
    handshake: Handshake,
    find: () => Promise<LogSource>,
  ): Promise<(socket: WebSocket) => void> {
    const token = tokenOf(handshake);
    await this.check(token);
    const log = await find();
    const interval = readInterval(handshake.query.getAll('interval').at(-1) ?? null);
    return (socket) => this.stream(socket, { token, log, interval });
  }

  private stream(
    socket: WebSocket,
    { token, log, interval }: { token: string; log: LogSource; interval: number | undefined },
  ): void {
    const sender = new LineSender(socket, interval);
    const stop = log((lines) => sender.send(lines));
    const recheck = setInterval(() => {
      this.check(token).catch((error: unknown) => {
        const code = error instanceof AppError && CLOSE_CODES[error.kind as keyof typeof CLOSE_CODES];
        if (code) closeSocket(socket, code, (error as AppError).message);
      });
    }, RECHECK_MS);
    socket.on('close', () => {
      clearInterval(recheck);
      stop();
      sender.end();
    });
  }

  /** @throws Unauthorized, NotAllowed */
  private async check(token: string): Promise<void> {
    const admin = await this.access.holderOf(token).catch((error: unknown) => {
      throw error instanceof AppError ? new Unauthorized() : error;
    });
    if (!admin.isSudo) throw new NotAllowed();
  }

  private async logOf(id: string): Promise<LogSource> {
    const number = nodeId.read(id);
    if (number instanceof Invalid) throw new NodeNotFound();
    const log = await this.logs.ofNode(await this.nodes.get(number));
    if (!log) throw new NodeNotConnected();
    return log;
  }
}

class Unauthorized extends AppError {
  readonly kind = 'unauthorized';
  constructor() {
    super('Unauthorized');
  }
}

class NodeNotConnected extends BadRequest {
  constructor() {
    super('Node is not connected');
  }
}

/** Of the query, as browsers cannot set headers on web sockets; else of the header. */
function tokenOf({ query, authorization }: Handshake): string {
  return query.getAll('token').at(-1) || (authorization ?? '').replace(/^Bearer /i, '');
}
