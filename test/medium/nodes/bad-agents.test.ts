import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/service-process.js';
import { v1Certificate } from '../../support/v1-certificate.js';

/** What never answers is waited for. */
vi.setConfig({ testTimeout: 60_000 });

let fleet: AgentFleet;
const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
const { certificate: cert, key } = v1Certificate();

beforeAll(async () => {
  fleet = await startAgentFleet();
});
afterAll(() => fleet?.close());
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections?.();
  }
});

async function listening<T extends Server | HttpsServer | ReturnType<typeof createTls>>(
  server: T,
): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

/** What a node with something else at its port says. */
async function messageOf(port: number, facts: object = {}): Promise<string> {
  const id = await fleet.add({ port, apiPort: 1 }, { name: `bad ${Math.random()}`, ...facts });
  return (await fleet.status(id, 'error')).message;
}

const web = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  listening(createHttps({ cert, key }, answer));

describe('a node that is none', () => {
  it('because nothing listens', async () => {
    const port = await freePort();
    expect(await messageOf(port)).toBe(
      `connect ECONNREFUSED 127.0.0.1:${port}; does Marzban-node run there, on this port?`,
    );
  });

  it('because nobody knows its name', async () => {
    expect(await messageOf(1, { address: 'node.invalid' })).toMatch(
      /^the name node\.invalid is not known \(E\w+\); check the address of the node$/,
    );
  });

  it('because it has no address', async () => {
    const id = await fleet.add({ port: 1, apiPort: 1 }, { name: 'of a version before, or an import' });
    await fleet.sql(`UPDATE nodes SET address = '' WHERE id = $1`, [id]);
    await fleet.sudo.put(`/api/node/${id}`, { api_port: 2 });
    await eventually(
      async () => (await fleet.sudo.get(`/api/node/${id}`)).json.message === 'the node has no address',
      30_000,
    );
  });

  it('because its server does not speak TLS', async () => {
    const port = await listening(createHttp((_, response) => response.end('hello')));
    expect(await messageOf(port)).toMatch(/does not speak TLS; is the port that of Marzban-node/);
  });

  it('because it is a web server', async () => {
    const page = await web((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    expect(await messageOf(page)).toMatch(
      /is not a Marzban-node \(it answered with status 200 and text\/html/,
    );
    const other = await web((_, response) => response.writeHead(200).end('{"hello": "world"}'));
    expect(await messageOf(other)).toMatch(/is not a Marzban-node \(its answer is of another kind\)/);
    const nothing = await web((_, response) => response.writeHead(404).end('{"detail": "Not Found"}'));
    expect(await messageOf(nothing)).toMatch(/is not a Marzban-node \(it answered with status 404\)/);
  });

  it('because it answers with more than any agent', async () => {
    const port = await web((_, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    expect(await messageOf(port)).toMatch(/is not a Marzban-node \(it answered with more than 64 KiB\)/);
  });

  it('because its answer never ends', async () => {
    const port = await web((_, response) => {
      const timer = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(timer));
    });
    expect(await messageOf(port)).toMatch(/took the connection but gave no answer in 3 s/);
  });

  it('because it never answers', async () => {
    const port = await web(() => undefined);
    expect(await messageOf(port)).toMatch(
      /took the connection but gave no answer in 3 s.*SERVICE_PROTOCOL=rest/,
    );
  });

  it('because it hangs up, as one that speaks RPyC', async () => {
    const port = await listening(
      createTls({ cert, key }, (socket) => void socket.once('data', () => socket.destroy())),
    );
    expect(await messageOf(port)).toMatch(/SERVICE_PROTOCOL=rest on it \(Marzban-node v0\.3\.0 or newer\)/);
  });

  it('because it does not know this service', async () => {
    const stranger = await FakeMarzbanNode.start(v1Certificate().certificate);
    expect(await messageOf(stranger.port)).toMatch(
      /does not accept this service's certificate.*SSL_CLIENT_CERT_FILE/,
    );
    await stranger.close();
  });
});

describe('a node whose core cannot be reached', () => {
  it('says which port is to be set', async () => {
    const agent = await fleet.agent();
    const port = await freePort();
    const id = await fleet.add({ port: agent.port, apiPort: port });
    const { message } = await fleet.status(id, 'error');
    expect(message).toMatch(new RegExp(`ECONNREFUSED 127.0.0.1:${port}.*api_port has to be XRAY_API_PORT`));
    expect(agent.count('/connect')).toBe(1);
  });
});

describe('a node that takes its time', () => {
  it('holds up no other, and is not told twice what it has not done', async () => {
    const slow = await fleet.agent();
    const release: (() => void)[] = [];
    slow.intercept = ({ url }, response) => {
      if (url !== '/start') return false;
      release.push(() => response.destroy());
      return true;
    };
    await fleet.add(slow);
    await vi.waitFor(() => expect(slow.count('/start')).toBe(1), 20_000);
    const quick = await fleet.agent();
    const id = await fleet.add(quick);
    await fleet.status(id, 'connected');
    expect([slow.count('/connect'), slow.count('/start')]).toEqual([1, 1]);
    for (const end of release) end();
  });
});
