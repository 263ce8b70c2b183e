import type { Server } from 'node:http';
import type { NextFunction, Request, Response } from 'express';

const HEADERS_MS = 20_000;
/** The largest body there is at a quarter of a megabit a second. */
const REQUEST_MS = 150_000;
/**
 * How long a connection is kept for the next request. Reverse proxies keep theirs for a minute, and whoever closes first must
 * be the one who asks: a request that crosses our end of the connection is lost, and nobody may send it again.
 */
const NEXT_REQUEST_MS = 75_000;
/** A body of which nobody wants to know is taken up to here, for clients that send all of it before they read. */
const UNREAD_BYTES = 256 * 1024;
/** Who is refused while he sends much waits so long for it: those who do nothing else get few turns that way. */
const REFUSAL_MS = 1_000;
/** Whoever still sends after that gets so long to notice that he was answered. */
const UNREAD_MS = 2_000;
/** A client that takes nothing of its answer for so long is gone. */
const STALLED_MS = 30_000;

/** Bounds how long a client may take to ask. Node's own bounds are a minute and five, and five seconds between requests. */
export function boundServer(server: Server): void {
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = REQUEST_MS;
  server.keepAliveTimeout = NEXT_REQUEST_MS;
}

/** Bounds what a connection costs once its request is answered: bodies nobody reads, and answers nobody takes. */
export function boundClients(request: Request, response: Response, next: NextFunction): void {
  if (mayHaveMuch(request)) closeUnlessRead(request, response);
  response.once('prefinish', () => dropWhenStalled(response));
  next();
}

/** From now on the connection ends when nothing leaves on it for a while. Node takes this back with the answer's end. */
export function dropWhenStalled(response: Response): void {
  response.req.socket.setTimeout(STALLED_MS);
}

/** Node reads what is left of a smaller one by itself, and keeps the connection. */
function mayHaveMuch({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > UNREAD_BYTES;
}

function closeUnlessRead(request: Request, response: Response): void {
  const { shouldKeepAlive } = response;
  response.shouldKeepAlive = false;
  request.once('end', () => (response.shouldKeepAlive = shouldKeepAlive));
  const end = response.end.bind(response) as (...rest: unknown[]) => Response;
  response.end = ((...rest: unknown[]) => {
    if (request.complete) return end(...rest);
    setTimeout(() => end(...rest), REFUSAL_MS);
    return response;
  }) as Response['end'];
  response.once('prefinish', () => {
    if (!request.complete) discard(request);
  });
}

/** Closes our side first: to close both under a client that sends would take the answer away from it. */
function discard(request: Request): void {
  const { socket } = request;
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), UNREAD_MS).unref();
  };
  let left = UNREAD_BYTES;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.pause();
  });
  request.read(0); // or Node, too, would read all there is
}
