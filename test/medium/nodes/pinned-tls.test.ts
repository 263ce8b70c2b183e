import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPinned } from '../../../src/features/nodes/adapters/marzban-node/pinned-tls.js';
import { type Certificate, selfSigned } from '../../support/certificates.js';

let certificate: Certificate;
let agent: Server;
let mute: Server;
let port: number;
const sockets = new Set<Socket>();

const listen = (server: Server, host: string, at: number) =>
  new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, host, resolve));

beforeAll(async () => {
  certificate = await selfSigned('Gozargah');
  agent = createTlsServer({ key: certificate.key, cert: certificate.certificate });
  mute = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await listen(agent, '127.0.0.1', 0);
  ({ port } = agent.address() as { port: number });
  await listen(mute, '127.0.0.2', port);
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  agent?.close();
  mute?.close();
});

const connect = async (addresses: string[], pin: string | undefined) => {
  const identity = { key: certificate.key, certificate: certificate.certificate };
  const { socket, certificate: shown } = await connectPinned(
    { host: 'node.example', port },
    { identity, pin },
    new AbortController().signal,
    async () => addresses.map((address) => ({ address })),
  );
  socket.destroy();
  return shown;
};

it('an agent is found behind an address that takes connections and says nothing, or none', async () => {
  const { certificate: pin } = certificate;
  const shown = await connect(['127.0.0.2', '127.0.0.1'], pin);
  expect(await connect(['127.0.0.3', '127.0.0.1'], undefined)).toBe(shown);
  expect(await connect(['127.0.0.1', '127.0.0.2'], pin)).toBe(shown);
});

it('an agent that nobody answers for is told of by what one of its addresses said', async () => {
  await expect(connect(['127.0.0.2', '127.0.0.3'], undefined)).rejects.toMatchObject({
    message: `connect ECONNREFUSED node.example:${port}; does Marzban-node run there, on this port?`,
  });
});
