import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { post } from '../../src/shared/http/post.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Answers the first request of each connection, and ends the connection at the second. */
async function impatientServer() {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    let served = 0;
    socket.on('data', (data: Buffer) => {
      if (!data.includes('POST ')) return; // the rest of one
      requests++;
      if (served++ > 0) return socket.destroy();
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new http.Agent({ keepAlive: true });
  ends.push(async () => {
    agent.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { agent, url: new URL(`http://127.0.0.1:${port}/`), count: () => [requests, sockets.size] };
}

describe('a message to others', () => {
  it('goes by a new connection when the idle one is closed just then', async () => {
    const { agent, url, count } = await impatientServer();
    const send = async () => (await post(url, '{}', { agent, headers: {} })).text;
    expect(await send()).toBe('ok');
    expect(await send()).toBe('ok');
    expect(count()).toEqual([3, 2]);
  });

  it('fails in words though a name has several addresses, and all refuse', async () => {
    const agent = new http.Agent({
      lookup: (_, __, done) =>
        done(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '127.0.0.2', family: 4 },
        ]),
    });
    await expect(post(new URL('http://several.test:1/'), '{}', { agent, headers: {} })).rejects.toThrow(
      'ECONNREFUSED',
    );
  });
});
