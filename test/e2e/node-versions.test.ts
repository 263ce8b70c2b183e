import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { nodesForTests } from '../support/nodes.js';
import { freePort } from '../support/service-process.js';
import { xrayForTests } from '../support/xray.js';
import { Operator } from './support/operator.js';
import { download, fileHash, startOrigin } from './support/origin.js';
import { startDevice } from './support/xray-client.js';

const FILE = 256 * 1024;
const nodes = nodesForTests();
const xray = await xrayForTests();

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

describe.runIf(xray && nodes.length > 0)('the built service', () => {
  it.each(nodes)(
    'starts on Node.js $version, logs an admin in and serves a customer',
    async ({ path, version }) => {
      const origin = await startOrigin();
      ends.push(() => origin.close());
      const service = await Operator.with({ XRAY_EXECUTABLE_PATH: xray!.path }, path);
      ends.push(() => service.destroy());
      await service.start();
      expect(service.runsOn()).toBe(`v${version}`);
      const port = await freePort();
      await service.call('PUT', '/api/core/config', {
        inbounds: [
          { tag: 'TROJAN', port, listen: '127.0.0.1', protocol: 'trojan', settings: { clients: [] } },
        ],
        outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
      });
      const { links } = await service.call('POST', '/api/user', {
        username: 'alice',
        proxies: { trojan: {} },
      });
      const device = await startDevice(xray!.path, links[0]);
      ends.push(() => device.close());
      const got = await eventually(() => download(device.proxyPort, origin.url(FILE), 5_000), 60_000);
      expect(got).toEqual({ sha256: fileHash(FILE), bytes: FILE });
    },
    180_000,
  );
});
