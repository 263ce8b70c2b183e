import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from './free-port.js';

it('a port is left to whoever listens on it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const free = await freePort(port);
  expect(free).toBeGreaterThan(port);
  expect(await freePort(port, [free])).toBeGreaterThan(free);
  server.close();
  await once(server, 'close');
  expect(await freePort(port)).toBe(port);
});
