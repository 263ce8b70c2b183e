import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { XrayClient } from '../../src/xray/grpc/index.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/service-process.js';
import { xrayForTests } from '../support/xray.js';
import { download, fileHash, type Origin, startOrigin } from './support/origin.js';
import { startRealityTarget } from './support/reality-target.js';
import { Operator } from './support/operator.js';
import { startDevice, type XrayDevice } from './support/xray-client.js';

const MB = 1024 * 1024;
const FILE = 5 * MB;
const FILE_HASH = fileHash(FILE);
/** What a proxy protocol and its TLS add to the bytes of a download, at most. */
const OVERHEAD = 1.06;

interface Inbound {
  port: number;
  streamSettings?: { realitySettings?: { serverNames: string[]; target?: string; dest?: string } };
}

const xray = await xrayForTests();

describe.runIf(xray)('a customer behind the real Xray', () => {
  let service: Operator;
  const devices: XrayDevice[] = [];
  let origin: Origin;
  let reality: Awaited<ReturnType<typeof startRealityTarget>>;

  beforeAll(async () => {
    origin = await startOrigin();
    service = await Operator.with({
      XRAY_EXECUTABLE_PATH: xray!.path,
      JOB_RECORD_USER_USAGES_INTERVAL: '1',
      JOB_REVIEW_USERS_INTERVAL: '1',
      JOB_RECORD_NODE_USAGES_INTERVAL: '1',
    });
    await service.start();
    // The default inbounds as they are, but on free ports, and REALITY borrowing from a web site on this machine.
    const config = await service.call('GET', '/api/core/config');
    const realityInbound = config.inbounds.find(
      (inbound: Inbound) => inbound.streamSettings?.realitySettings,
    );
    reality = await startRealityTarget(realityInbound.streamSettings.realitySettings.serverNames[0]);
    for (const inbound of config.inbounds) inbound.port = await freePort();
    const settings = realityInbound.streamSettings.realitySettings;
    settings[settings.target ? 'target' : 'dest'] = `127.0.0.1:${reality.port}`;
    delete config.routing; // it keeps users out of private networks, where the origin of this test is
    await service.call('PUT', '/api/core/config', config);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(devices.map((device) => device.close()));
    await service.destroy();
    await origin?.close();
    await reality?.close();
  }, 60_000);

  const createUser = (username: string, extra: object = {}) =>
    service.call('POST', '/api/user', {
      username,
      proxies: { vmess: {}, vless: { flow: 'xtls-rprx-vision' }, trojan: {}, shadowsocks: {} },
      ...extra,
    });
  const user = (username: string) => service.call('GET', `/api/user/${username}`);

  async function fetchLinks(subscriptionUrl: string): Promise<string[]> {
    const answer = await fetch(service.url + subscriptionUrl);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.text(), 'base64')
      .toString()
      .split('\n');
  }

  async function device(link: string): Promise<XrayDevice> {
    const started = await startDevice(xray!.path, link);
    devices.push(started);
    return started;
  }

  /** Waits until the core lets this device through, as it must within moments of a change. */
  const letsThrough = (to: XrayDevice) =>
    eventually(() =>
      download(to.proxyPort, origin.url(1024), 3_000).then(
        () => true,
        () => false,
      ),
    );
  const refuses = (to: XrayDevice) =>
    eventually(() =>
      download(to.proxyPort, origin.url(1024), 3_000).then(
        () => false,
        () => true,
      ),
    );

  it('downloads over each default inbound, and every byte is charged', async () => {
    const created = await createUser('alice', { proxies: await proxiesOfServer() });
    const links = await fetchLinks(created.subscription_url);
    expect(links.length).toBeGreaterThanOrEqual(3);
    for (const link of links) {
      const client = await device(link);
      await letsThrough(client);
      expect(await download(client.proxyPort, origin.url(FILE))).toEqual({ sha256: FILE_HASH, bytes: FILE });
      await client.close();
    }
    const charged = await eventually(async () => {
      const { used_traffic } = await user('alice');
      return used_traffic >= links.length * FILE && used_traffic;
    });
    expect(charged).toBeLessThan(links.length * FILE * OVERHEAD);
    expect((await user('alice')).online_at).not.toBeNull();
  }, 90_000);

  /** One proxy for each protocol the core serves, with the flow where it applies. */
  async function proxiesOfServer(): Promise<Record<string, object>> {
    const inbounds = await service.call('GET', '/api/inbounds');
    return Object.fromEntries(
      Object.keys(inbounds).map((protocol) => [
        protocol,
        protocol === 'vless' ? { flow: 'xtls-rprx-vision' } : {},
      ]),
    );
  }

  it('cuts a user off at the data limit, on every inbound, and a reset lets it in again', async () => {
    const created = await createUser('bob', { proxies: await proxiesOfServer(), data_limit: FILE });
    const links = await fetchLinks(created.subscription_url);
    const clients = await Promise.all(links.map(device));
    for (const client of clients) await letsThrough(client);
    await download(clients[0]!.proxyPort, origin.url(FILE));

    await eventually(async () => (await user('bob')).status === 'limited');
    for (const client of clients) await refuses(client);

    expect((await service.call('POST', '/api/user/bob/reset')).status).toBe('active');
    for (const client of clients) await letsThrough(client);
    expect((await user('bob')).lifetime_used_traffic).toBeGreaterThanOrEqual(FILE);
  }, 90_000);

  it('shuts a disabled user out and lets it in when it is active again', async () => {
    const created = await createUser('carol', { proxies: await proxiesOfServer() });
    const client = await device((await fetchLinks(created.subscription_url))[0]!);
    await letsThrough(client);
    await service.call('PUT', '/api/user/carol', { status: 'disabled' });
    await refuses(client);
    await service.call('PUT', '/api/user/carol', { status: 'active' });
    await letsThrough(client);
  }, 60_000);

  it('revokes old links and serves new ones', async () => {
    const created = await createUser('dave', { proxies: await proxiesOfServer() });
    const before = await device((await fetchLinks(created.subscription_url))[0]!);
    await letsThrough(before);
    const revoked = await service.call('POST', '/api/user/dave/revoke_sub');
    await refuses(before);
    expect((await fetch(service.url + created.subscription_url)).status).toBe(404);
    await letsThrough(await device((await fetchLinks(revoked.subscription_url))[0]!));
  }, 60_000);

  it('forgets a deleted user', async () => {
    const created = await createUser('erin', { proxies: await proxiesOfServer() });
    const client = await device((await fetchLinks(created.subscription_url))[0]!);
    await letsThrough(client);
    await service.call('DELETE', '/api/user/erin');
    await refuses(client);
    expect((await fetch(service.url + created.subscription_url)).status).toBe(404);
  }, 60_000);

  const coreProcess = () =>
    JSON.parse(readFileSync(join(service.dataDir, 'xray/process.json'), 'utf8')) as {
      pid: number;
      socket: string;
    };

  /** Bytes in both directions, as the running core tells them. */
  async function bytesCounted(username: string): Promise<number> {
    const core = new XrayClient(`unix:${coreProcess().socket}`);
    try {
      const counters = [...(await core.userTraffic())].filter(([email]) => email.endsWith(`.${username}`));
      return Number(counters.reduce((sum, [, { up, down }]) => sum + up + down, 0n));
    } finally {
      core.close();
    }
  }

  it('goes on serving while the service is killed, and charges each byte once', async () => {
    const created = await createUser('frank', { proxies: await proxiesOfServer() });
    const client = await device((await fetchLinks(created.subscription_url))[0]!);
    await letsThrough(client);
    const before = coreProcess();

    const slow = download(client.proxyPort, origin.url(FILE, 20), 60_000); // 80 chunks, about two seconds
    await eventually(async () => (await user('frank')).used_traffic > 0);
    await service.kill();
    expect(await slow).toEqual({ sha256: FILE_HASH, bytes: FILE });
    expect(await download(client.proxyPort, origin.url(FILE))).toEqual({ sha256: FILE_HASH, bytes: FILE });

    await service.start();
    expect(coreProcess().pid).toBe(before.pid); // adopted, not started again
    // Exactly what the core itself has counted, to the byte.
    const counted = await bytesCounted('frank');
    expect(counted).toBeGreaterThan(2 * FILE);
    expect(counted).toBeLessThan(2 * FILE * OVERHEAD);
    await eventually(async () => (await user('frank')).used_traffic >= counted);
    expect((await user('frank')).used_traffic).toBe(counted);
    await letsThrough(client);
  }, 120_000);
});
