import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { XrayClient } from '../../src/xray/grpc/index.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/service-process.js';
import { xrayForTests } from '../support/xray.js';
import { Operator } from './support/operator.js';
import { download, type Origin, startOrigin } from './support/origin.js';
import { startDevice, type XrayDevice } from './support/xray-client.js';

const ID = '7d2c4f0e-2f7b-4c53-9c0f-0d6f5a1f9b11';
const FILE = 1024 * 1024;
const TAGS = { vless: 'VLESS', vmess: 'VMESS', trojan: 'TROJAN', shadowsocks: 'SS' } as const;
const xray = await xrayForTests();

describe.runIf(xray)('two users with one credential', () => {
  let service: Operator;
  let origin: Origin;
  const devices: XrayDevice[] = [];

  beforeAll(async () => {
    origin = await startOrigin();
    service = await Operator.with({
      XRAY_EXECUTABLE_PATH: xray!.path,
      JOB_RECORD_USER_USAGES_INTERVAL: '1',
      JOB_REVIEW_USERS_INTERVAL: '1',
    });
    await service.start();
    const inbound = async (tag: string, protocol: string, settings = {}) => ({
      tag,
      protocol,
      listen: '127.0.0.1',
      port: await freePort(),
      settings,
    });
    const inbounds = [
      await inbound('VLESS', 'vless', { decryption: 'none' }),
      await inbound('VMESS', 'vmess'),
      await inbound('TROJAN', 'trojan'),
      await inbound('SS', 'shadowsocks', { network: 'tcp' }),
    ];
    await service.call('PUT', '/api/core/config', {
      inbounds,
      outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
    });
    const hosts = Object.fromEntries(
      inbounds.map(({ tag }) => [tag, [{ remark: tag, address: '127.0.0.1' }]]),
    );
    await service.call('PUT', '/api/hosts', hosts);
  }, 120_000);
  afterAll(async () => {
    await Promise.all(devices.map((device) => device.close()));
    await service.destroy();
    await origin?.close();
  }, 60_000);

  const proxies = {
    vless: { id: ID },
    vmess: { id: ID },
    trojan: { password: 'the same' },
    shadowsocks: { password: 'the same', method: 'chacha20-ietf-poly1305' },
  };
  const used = async (name: string) =>
    (await service.call('GET', `/api/user/${name}`)).used_traffic as number;
  const works = (device: XrayDevice) =>
    download(device.proxyPort, origin.url(1024), 2_000).then(
      () => true,
      () => false,
    );

  /** Whether the core has an account of this user. */
  async function knows(tag: string, username: string): Promise<boolean> {
    const { socket } = JSON.parse(readFileSync(join(service.dataDir, 'xray/process.json'), 'utf8')) as {
      socket: string;
    };
    const core = new XrayClient(`unix:${socket}`);
    try {
      return (await core.listUsers(tag)).some(({ email }) => email.endsWith(`.${username}`));
    } finally {
      core.close();
    }
  }

  const letsThrough = (device: XrayDevice) => eventually(() => works(device), 20_000);
  const refuses = (device: XrayDevice) => eventually(async () => !(await works(device)), 20_000);
  const show = (username: string, status: string) => service.call('PUT', `/api/user/${username}`, { status });

  it.each([
    ['vless', 'the later', 'cuts off both'],
    ['vmess', 'the later', 'cuts off both'],
    ['trojan', 'the later', 'cuts off both'],
    ['shadowsocks', 'the earlier', 'leaves the other'],
  ] as const)(
    'of %s are both let in and charged to %s one that came to the core, and disabling one of them %s',
    async (protocol, charged, end) => {
      const users = [`ann_${protocol}`, `ben_${protocol}`] as const;
      const links: string[] = [];
      for (const username of users) {
        const body = { username, proxies: { [protocol]: proxies[protocol] } };
        links.push(...(await service.call('POST', '/api/user', body)).links);
        await eventually(() => knows(TAGS[protocol], username)); // before the next one: their order decides
      }
      expect(links[1]).toBe(links[0]); // which every link keeps
      const device = await startDevice(xray!.path, links[0]!);
      devices.push(device);
      await letsThrough(device);
      await download(device.proxyPort, origin.url(FILE), 10_000);
      const [payer, other] = charged === 'the later' ? [users[1], users[0]] : users;
      await eventually(async () => (await used(payer)) > FILE);
      expect(await used(other)).toBeLessThan(FILE / 10);

      for (const username of users) {
        await show(username, 'disabled');
        if (end === 'cuts off both') await refuses(device);
        await show(username, 'active');
        await letsThrough(device); // whoever is added again lets both in
      }
      await show(users[0], 'disabled');
      await show(users[1], 'disabled');
      await refuses(device);
    },
    90_000,
  );
});
