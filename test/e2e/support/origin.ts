import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

/** A web server with one large file, as the internet behind the proxy. */
export interface Origin {
  port: number;
  url(bytes: number, chunkDelayMs?: number): string;
  close(): Promise<void>;
}

const CHUNK = 64 * 1024;

/** Byte `i` of every file: cheap to make, and a lost or swapped chunk changes the hash. */
function chunkAt(offset: number, length: number): Buffer {
  const chunk = Buffer.alloc(Math.ceil(length / 4) * 4);
  for (let i = 0; i < length; i += 4) chunk.writeUInt32LE(((offset + i) * 2654435761) >>> 0, i);
  return chunk.subarray(0, length);
}

export function fileHash(bytes: number): string {
  const hash = createHash('sha256');
  for (let offset = 0; offset < bytes; offset += CHUNK)
    hash.update(chunkAt(offset, Math.min(CHUNK, bytes - offset)));
  return hash.digest('hex');
}

export async function startOrigin(): Promise<Origin> {
  const server = createServer((req, res) => void serve(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: (bytes, chunkDelayMs = 0) => `http://127.0.0.1:${port}/file?bytes=${bytes}&delay=${chunkDelayMs}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const query = new URL(req.url ?? '/', 'http://origin').searchParams;
  const bytes = Number(query.get('bytes'));
  const delay = Number(query.get('delay'));
  res.writeHead(200, { 'content-length': bytes, connection: 'close' });
  for (let offset = 0; offset < bytes && !res.destroyed; offset += CHUNK) {
    if (!res.write(chunkAt(offset, Math.min(CHUNK, bytes - offset)))) {
      const goOn = new AbortController();
      await Promise.race([once(res, 'drain', goOn), once(res, 'close', goOn)]).catch(() => undefined);
      goOn.abort();
    }
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  }
  res.end();
}

/**
 * Downloads through a tunnel of an HTTP proxy on this machine; resolves to the SHA-256 and size of what arrived. The
 * name in the URL is left to the proxy.
 */
export function download(
  proxyPort: number,
  url: string,
  timeoutMs = 30_000,
): Promise<{ sha256: string; bytes: number }> {
  const { host, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => fail(new Error('timeout')), timeoutMs);
    const tunnel = request({
      host: '127.0.0.1',
      port: proxyPort,
      method: 'CONNECT',
      path: host,
      agent: false,
    });
    const fail = (error: Error) => {
      clearTimeout(deadline);
      tunnel.destroy();
      reject(error);
    };
    tunnel.on('error', fail);
    tunnel.on('connect', ({ statusCode }, socket) => {
      if (statusCode !== 200) return fail(new Error(`status ${statusCode}`));
      const hash = createHash('sha256');
      let bytes = 0;
      const req = request(
        { createConnection: () => socket, path: pathname + search, headers: { host } },
        (res) => {
          if (res.statusCode !== 200) return fail(new Error(`status ${res.statusCode}`));
          res.on('data', (chunk: Buffer) => {
            hash.update(chunk);
            bytes += chunk.length;
          });
          res.on('error', fail);
          res.on('end', () => {
            clearTimeout(deadline);
            socket.destroy();
            resolve({ sha256: hash.digest('hex'), bytes });
          });
        },
      );
      req.on('error', fail);
      req.end();
    });
    tunnel.end();
  });
}
