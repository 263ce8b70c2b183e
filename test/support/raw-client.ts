import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A connection on which bytes are sent as they are. */
export function rawClient(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname);
}

/** The status of the first answer on the connection; what was sent need not be a whole request. */
export async function firstStatus(client: Socket): Promise<number> {
  for await (const chunk of client.iterator({ destroyOnReturn: false })) {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(String(chunk))?.[1]);
  }
  throw new Error('The connection was closed without an answer');
}

/** All that comes until the service closes the connection. */
export function untilClosed(client: Socket): Promise<string> {
  return text(client);
}
