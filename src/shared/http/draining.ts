import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as TcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Idle connections may send one more request for so long after the last new one was taken. */
const IDLE_MS = 500;
const LOOK_MS = 20;

/** From now on each answer tells the client to make a new connection, which then goes to another replica. */
export function sendAway(server: Server): void {
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Connection', 'close');
  });
}

/** Takes no new connections, and answers what comes on those there are, for `ms` at most. */
export async function drain(server: Server, ms: number): Promise<void> {
  if (!server.listening) return;
  // HTTP's own close() would first reset idle connections, under clients that are just sending.
  const answered = new Promise<void>((resolve) => TcpServer.prototype.close.call(server, () => resolve()));
  let look: NodeJS.Timeout | undefined;
  const idle = setTimeout(() => {
    look = setInterval(() => server.closeIdleConnections(), LOOK_MS);
  }, IDLE_MS);
  await Promise.race([answered, sleep(ms)]);
  clearTimeout(idle);
  clearInterval(look);
}
