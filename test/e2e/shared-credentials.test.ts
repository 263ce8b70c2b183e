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
const OTHER = '1b9f4f0e-2f7b-4c53-9c0f-0d6f5a1f9b11';
const FILE = 1024 * 1024;
const xray = await xrayForTests();

describe.runIf(xray)('two users with one credential', () => {
  let service: Operator;
  let origin: Origin;
  const devices: XrayDevice[] = [];
  let made = 0;

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
      await inbound('SS2022', 'shadowsocks', {
        network: 'tcp',
        method: '2022-blake3-aes-128-gcm',
        password: Buffer.alloc(16, 7).toString('base64'),
      }),
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

  const vmess = { id: ID };
  const password = 'the same';
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
  const change = (username: string, body: object) => service.call('PUT', `/api/user/${username}`, body);

  it.each([
    ['VLESS', 'the later', 'vless', [{ id: ID }, { id: ID }]],
    // The third group of a VLESS id tells a core how to route.
    ['VLESS', 'the later', 'vless', [{ id: OTHER }, { id: OTHER.replace('-4c53-', '-4c54-') }]],
    ['VMESS', 'the later', 'vmess', [vmess, vmess]],
    ['TROJAN', 'the later', 'trojan', [{ password }, { password }]],
    ['SS', 'the earlier', 'shadowsocks', [{ password }, { password }]],
    ['SS2022', 'the later', 'shadowsocks', [{ password: 'new' }, { password: 'new' }]],
  ] as const)(
    '%# on %s are both let in and charged to %s one that came to the core, and one stays when the other goes',
    async (tag, charged, protocol, credentials) => {
      const users = ['ann', 'ben'].map((name) => `${name}_${++made}`) as [string, string];
      const links: string[] = [];
      for (const [index, username] of users.entries()) {
        const body = {
          username,
          proxies: { [protocol]: credentials[index] },
          inbounds: { [protocol]: [tag] },
        };
        links.push(...(await service.call('POST', '/api/user', body)).links);
        await eventually(() => knows(tag, username)); // before the next one: their order decides
      }
      const device = await startDevice(xray!.path, links[0]!);
      devices.push(device);
      await letsThrough(device);
      await download(device.proxyPort, origin.url(FILE), 10_000);
      const [payer, other] = charged === 'the later' ? [users[1], users[0]] : users;
      await eventually(async () => (await used(payer)) > FILE);
      expect(await used(other)).toBeLessThan(FILE / 10);

      /** Takes a user off the core, who leaves the device to the other one. */
      const leaves = async (username: string, how: () => Promise<unknown>) => {
        await how();
        await eventually(async () => !(await knows(tag, username)));
        await letsThrough(device);
      };
      for (const username of users) {
        await leaves(username, () => change(username, { status: 'disabled' }));
        await change(username, { status: 'active' });
        await eventually(() => knows(tag, username));
        await leaves(username, () => change(username, { inbounds: { [protocol]: [] } }));
        await change(username, { inbounds: { [protocol]: [tag] } });
        await eventually(() => knows(tag, username));
      }
      await service.call('POST', `/api/user/${users[1]}/revoke_sub`); // his place is taken by a new credential
      await letsThrough(device);
      await change(users[1], { proxies: { [protocol]: credentials[1] } });
      await letsThrough(device);
      await leaves(users[0], () => service.call('DELETE', `/api/user/${users[0]}`));
      await change(users[1], { status: 'disabled' });
      await refuses(device);
    },
    120_000,
  );
});
