import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findApi } from '../../../src/features/nodes/adapters/xray-grpc/api-contact.js';
import { pinnedClient } from '../../../src/features/nodes/adapters/marzban-node/pinned-tls.js';
import { DEFAULT_ACCESS } from '../../../src/features/nodes/node.js';
import { XrayClient } from '../../../src/xray/grpc/index.js';
import { xray } from '../../../src/xray/grpc/package-definition.js';
import { type Certificate, selfSigned } from '../../support/certificates.js';

const { HandlerService } = xray.app.proxyman.command;
const { StatsService } = xray.app.stats.command;
/** Their list is longer than what comes as a whole. */
const MANY = 50_000;

describe('the list of users of a core far away', () => {
  let certificate: Certificate;
  const closing: (() => void)[] = [];
  const account = (uuid: string) => ({
    type: 'xray.proxy.vless.Account',
    value: xray.proxy.vless.Account.serialize({ id: uuid }),
  });
  const users = (length: number) =>
    Array.from({ length }, (_, i) => ({
      email: `${i + 1}.${'a'.repeat(30)}`,
      account: account('35e4e39c-7d5c-4f4b-8b71-558e4f37ff53'),
    }));

  beforeAll(async () => {
    certificate = await selfSigned('Gozargah');
  });
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** A core with TLS that lists these. Returns its port. */
  const serve = async (list: object[], tls = true): Promise<number> => {
    const server = new Server({ 'grpc.max_send_message_length': -1 });
    server.addService(HandlerService.service, {
      GetInboundUsers: (_: unknown, reply: (error: null, answer: object) => void) =>
        reply(null, { users: list }),
    });
    server.addService(StatsService.service, {
      GetSysStats: (_: unknown, reply: (error: null, answer: object) => void) => reply(null, { Uptime: 1 }),
    });
    const { key, certificate: cert } = certificate;
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }])
      : ServerCredentials.createInsecure();
    closing.push(() => server.forceShutdown());
    return new Promise((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
    );
  };
  const bare = async (port: number, apiTls: 'verify' | 'off') => {
    const access = {
      ...DEFAULT_ACCESS,
      apiTls,
      apiCaCertificate: apiTls === 'off' ? null : certificate.certificate,
    };
    const identity = { certificate: certificate.certificate, key: certificate.key };
    const endpoint = { host: '127.0.0.1', port };
    const { target, credentials, options, dial } = await findApi(
      endpoint,
      access,
      identity,
      AbortSignal.timeout(30_000),
    );
    return new XrayClient(target, credentials, options, dial);
  };
  const count = async (client: XrayClient): Promise<number> => {
    closing.unshift(() => client.close());
    let found = 0;
    await client.eachUser('A', '', () => found++);
    return found;
  };

  it('comes in pieces behind the agent of a Marzban-node', async () => {
    const port = await serve(users(MANY));
    expect(await count(pinnedClient({ host: '127.0.0.1', port }, certificate.certificate))).toBe(MANY);
  });

  it('goes to nobody with another certificate', async () => {
    const port = await serve(users(MANY));
    const other = await selfSigned('Gozargah');
    await expect(count(pinnedClient({ host: '127.0.0.1', port }, other.certificate))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it.each(['verify', 'off'] as const)('comes in pieces from a bare Xray: TLS %s', async (apiTls) => {
    const port = await serve(users(MANY), apiTls === 'verify');
    expect(await count(await bare(port, apiTls))).toBe(MANY);
  });

  it.each([
    [
      'an account',
      [{ email: '1.ann', account: { type: 'xray.proxy.vless.Account', value: Buffer.from([0x0f]) } }],
    ],
    [
      'an account among many',
      [
        ...users(MANY),
        { email: '1.ann', account: { type: 'xray.proxy.vless.Account', value: Buffer.from([0x0f]) } },
      ],
    ],
  ])('with %s that is none is a fault of the node that says what to do', async (_, list) => {
    const port = await serve(list, false);
    await expect(count(await bare(port, 'off'))).rejects.toMatchObject({
      name: 'CoreError',
      message: expect.stringMatching(
        /^a reply cannot be read \(.*is it Xray itself that answers there/,
      ) as string,
    });
  });
});
