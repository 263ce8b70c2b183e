import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createAuthority } from '../../support/certificates.js';

/** A TLS 1.3 web site on this machine, whose handshake a REALITY inbound borrows. */
export async function startRealityTarget(name: string): Promise<{ port: number; close(): Promise<void> }> {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(name);
  // As long as those of real sites: a signature of ML-DSA-65 must fit into what the inbound shows instead.
  const chain = [certificate, ...Array.from({ length: 12 }, () => authority.certificate)].join('\n');
  const server = createSecureServer({ key, cert: chain, allowHTTP1: true, minVersion: 'TLSv1.3' });
  server.on('request', (_, response) => response.end('hello'));
  server.on('error', () => undefined);
  server.on('sessionError', () => undefined);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy(); // REALITY keeps some open
      }),
  };
}
