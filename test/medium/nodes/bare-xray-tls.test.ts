import { once } from 'node:events';
import { createServer as createWebServer } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { findApi } from '../../../src/features/nodes/adapters/xray-grpc/api-contact.js';
import { NodeIdentity } from '../../../src/features/nodes/identity/node-identity.js';
import { DEFAULT_ACCESS } from '../../../src/features/nodes/node.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { BareXray } from '../../support/bare-xray.js';
import { type Certificate, createAuthority, selfSigned } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/service-process.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();
const PATIENCE_MS = 60_000;
const NAME = 'core.example';

vi.setConfig({ testTimeout: 120_000 });

describe.skipIf(!xray)('the API of an Xray that somebody else runs', () => {
  let fleet: AgentFleet;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const inbound = {
      tag: 'A',
      listen: '127.0.0.1',
      port: await freePort(),
      protocol: 'trojan',
      settings: {},
    };
    fleet = await startAgentFleet(
      {},
      { inbounds: [inbound], outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }] },
    );
  }, PATIENCE_MS);
  afterEach(async () => {
    const nodes = (await fleet.sudo.get('/api/nodes')).json as { id: number }[];
    for (const { id } of nodes) await fleet.sudo.delete(`/api/node/${id}`);
    for (const close of closing.splice(0)) await close();
  });
  afterAll(() => fleet?.close());

  const start = async (tls?: Certificate): Promise<number> => {
    const core = await BareXray.create(xray!.path, tls);
    closing.push(() => core.close());
    await core.start((await fleet.sudo.get('/api/core/config/elsewhere')).json);
    return core.apiPort;
  };
  const listen = async (server: Server): Promise<number> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => server.close());
    return (server.address() as AddressInfo).port;
  };
  /** What an owner puts before an API to let in only those whose certificate it trusts. */
  const guard = async (apiPort: number, options: TlsOptions): Promise<number> => {
    const server = createTlsServer(
      { ...options, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] },
      (socket) => {
        const api = connect(apiPort, '127.0.0.1');
        for (const end of [socket, api])
          end.on('error', () => [socket, api].forEach((each) => each.destroy()));
        socket.pipe(api).pipe(socket);
      },
    );
    return listen(server);
  };
  const add = (apiPort: number, facts: object = {}) =>
    fleet.add({ port: 1, apiPort }, { kind: 'xray_grpc', ...facts });
  const change = (id: number, facts: object) => fleet.sudo.put(`/api/node/${id}`, facts);
  const connected = (id: number) => fleet.status(id, 'connected', PATIENCE_MS);
  const message = async (id: number, pattern: RegExp) =>
    eventually(async () => {
      const node = (await fleet.sudo.get(`/api/node/${id}`)).json;
      expect([node.status, node.message]).toEqual(['error', expect.stringMatching(pattern)]);
      return true;
    }, PATIENCE_MS);

  it('is trusted for its authority and the name it should have', async () => {
    const authority = await createAuthority();
    const other = await createAuthority();
    const id = await add(await start(await authority.issue(NAME)));
    await message(id, /certificate of 127\.0\.0\.1:\d+ is from nobody known here .* as api_ca_certificate/);
    await change(id, { api_ca_certificate: other.certificate });
    await message(id, /is from nobody known here/);
    await change(id, { api_ca_certificate: authority.certificate });
    await message(id, /is for another name .*; set api_server_name to one it is for/);
    await change(id, { api_server_name: 'other.example' });
    await message(id, /is for another name .*core\.example/);
    await change(id, { api_server_name: NAME });
    await connected(id);
  });

  it('is trusted for its very certificate, whatever its name', async () => {
    const own = await selfSigned(NAME);
    const id = await add(await start(own), { api_ca_certificate: own.certificate });
    await connected(id);
    await change(id, { api_ca_certificate: (await selfSigned(NAME)).certificate });
    await message(id, /is from nobody known here/);
  });

  it('may ask for a certificate: that of this installation, or one of the node', async () => {
    const own = await selfSigned(NAME);
    const client = await selfSigned('panel');
    const api = await start();
    const tls = { cert: own.certificate, key: own.key };
    const trust = { api_ca_certificate: own.certificate };
    const first = await add(await guard(api, { ...tls, ca: fleet.certificate }), trust);
    await connected(first);
    const pair = { api_client_certificate: client.certificate, api_client_key: client.key };
    await change(first, pair);
    await message(first, /(does not accept|does it trust) the certificate of this service/);
    await fleet.sudo.delete(`/api/node/${first}`);

    const second = await add(await guard(api, { ...tls, ca: client.certificate }), {
      name: 'second',
      ...trust,
    });
    await message(
      second,
      /(does not accept|does it trust) the certificate of this service.*GET \/api\/node\/settings/,
    );
    await change(second, pair);
    await connected(second);
  });

  it('with TLS is not used without, and the other way about', async () => {
    const own = await selfSigned(NAME);
    const secured = await add(await start(own), { api_tls: 'off' });
    await message(secured, /does it want TLS \(api_tls\)|does not answer in 5 s|does not speak gRPC/);
    await fleet.sudo.delete(`/api/node/${secured}`);
    const plain = await add(await start());
    await message(plain, /does not speak TLS|hung up|does not answer in 5 s/);
    await change(plain, { api_tls: 'off' });
    await connected(plain);
  });

  it('is not taken for a web server', async () => {
    const port = await listen(
      createServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
    );
    await message(
      await add(port, { api_tls: 'off' }),
      /is not Xray's API: what answers there does not speak gRPC/,
    );
    const web = createWebServer((_, response) => response.writeHead(404).end());
    const id = await add(await listen(web), { name: 'web', api_tls: 'off' });
    await message(id, /what answers there is not Xray's API \(.*404/);
  });

  it('is not used without TLS at a name that stands for a public address', async () => {
    const endpoint = { host: 'public.test', port: 1 };
    const identity = await fleet.app.get(NodeIdentity, { strict: false }).get();
    const find = (found: string[]) =>
      findApi(
        endpoint,
        { ...DEFAULT_ACCESS, apiTls: 'off' },
        identity,
        AbortSignal.timeout(PATIENCE_MS),
        async () => found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    await expect(find(['203.0.113.7', '2001:db8::7'])).rejects.toThrow(
      "public.test (203.0.113.7, 2001:db8::7) is a public address, where Xray's API must not be used without TLS",
    );
    // The private one is used, and calls go to it by its address, not by a name that could stand for another one later.
    const port = await start();
    endpoint.port = port;
    expect((await find(['203.0.113.7', '127.0.0.1'])).target).toBe(`ipv4:127.0.0.1:${port}`);
  });

  it('is found at the one address of a name that answers, though another takes the connection and is silent', async () => {
    const port = await start();
    const silent = createServer();
    silent.listen(port, '127.0.0.2');
    await once(silent, 'listening');
    closing.push(async () => silent.close());
    const { target } = await findApi(
      { host: 'several.test', port },
      { ...DEFAULT_ACCESS, apiTls: 'off' },
      await fleet.app.get(NodeIdentity, { strict: false }).get(),
      AbortSignal.timeout(PATIENCE_MS),
      async () => ['127.0.0.2', '127.0.0.3', '127.0.0.1'].map((address) => ({ address })),
    );
    expect(target).toBe(`ipv4:127.0.0.1:${port}`);
  });

  it('at a name that nobody knows says so', async () => {
    const id = await add(1, { address: 'nowhere.invalid' });
    await message(id, /the name nowhere\.invalid is not known/);
  });
});
