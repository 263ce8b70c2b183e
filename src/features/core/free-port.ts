import { createServer } from 'node:net';

const TRIES = 50;

/** The first port from `wanted` on that is free here and not in `taken`; `wanted` itself when none is. */
export async function freePort(wanted: number, taken: readonly number[] = []): Promise<number> {
  for (let port = wanted; port < wanted + TRIES; port++) {
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
  return wanted;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(true)));
  });
}
