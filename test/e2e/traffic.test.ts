import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, selfSigned } from '../support/certificates.js';
import { clientCorePath } from '../support/client-cores.js';
import { eventually } from '../support/eventually.js';
import { xrayForTests } from '../support/xray.js';
import { type Device, type DeviceCore, startEntries } from './support/devices.js';
import { type Entries, READ } from './support/documents.js';
import { Operator } from './support/operator.js';
import { download, fileHash, type Origin, startOrigin } from './support/origin.js';
import { startRealityTarget } from './support/reality-target.js';
import { METHODS_BY_USER, TRAFFIC_ENTRIES, trafficInbounds } from './support/traffic-inbounds.js';
import { clientsPage, exceptionFor, FORMATS, type Outcome } from './support/traffic-matrix.js';

const FILE = 1024 * 1024;
const FILE_HASH = fileHash(FILE);
const AT_ONCE = 4;
const PATIENCE_MS = 10_000;
/** Only the server's core knows where that is, so that no device gets there past it. */
const ORIGIN_NAME = 'origin.test';
const SERVER_NAME = 'server.test';
const [FULL_USER] = Object.keys(METHODS_BY_USER);

const cores: Record<DeviceCore, string | undefined> = {
  xray: (await xrayForTests())?.path,
  'sing-box': await clientCorePath('sing-box'),
  mihomo: await clientCorePath('mihomo'),
};

describe.runIf(cores.xray)('the entries of a subscription, each used by a real core', () => {
  let service: Operator;
  let origin: Origin;
  let reality: Awaited<ReturnType<typeof startRealityTarget>>;
  let folder: string;
  let authorities: string;
  const subscriptionUrls: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'traffic-'));
    authorities = join(folder, 'authorities.pem');
    const [authority, unknown] = await Promise.all([createAuthority(), createAuthority()]);
    await writeFile(authorities, authority.certificate);
    origin = await startOrigin();
    reality = await startRealityTarget(SERVER_NAME);
    const { inbounds, hosts } = await trafficInbounds({
      name: SERVER_NAME,
      trusted: await authority.issue(SERVER_NAME),
      unknown: await unknown.issue(SERVER_NAME),
      selfSigned: await selfSigned(SERVER_NAME),
      reality: { privateKey: x25519PrivateKey(), target: `127.0.0.1:${reality.port}` },
    });
    service = await Operator.with({ XRAY_EXECUTABLE_PATH: cores.xray! });
    await service.start();
    await service.call('PUT', '/api/core/config', {
      log: { loglevel: 'warning' },
      dns: { hosts: { [ORIGIN_NAME]: '127.0.0.1' } },
      inbounds,
      outbounds: [{ tag: 'out', protocol: 'freedom', settings: { domainStrategy: 'ForceIP' } }],
    });
    await service.call('PUT', '/api/hosts', hosts);
    for (const [username, method] of Object.entries(METHODS_BY_USER)) await createUser(username, method);
    await serverKnowsAll();
  }, 120_000);

  afterAll(async () => {
    await service?.destroy();
    await origin?.close();
    await reality?.close();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** One user has everything; the others only show their methods of shadowsocks. */
  async function createUser(username: string, method: string): Promise<void> {
    const isFull = username === FULL_USER;
    const user = await service.call('POST', '/api/user', {
      username,
      proxies: { shadowsocks: { method }, ...(isFull && { vmess: {}, vless: {}, trojan: {} }) },
      ...(!isFull && { inbounds: { shadowsocks: ['shadowsocks {USERNAME} tcp none'] } }),
    });
    subscriptionUrls.push(user.subscription_url);
  }

  async function entriesOf(format: string): Promise<Entries> {
    const documents = await Promise.all(
      subscriptionUrls.map(async (url) => {
        const answer = await fetch(`${service.url}${url}/${format}`);
        expect(answer.status).toBe(200);
        return READ[format]!(await answer.text());
      }),
    );
    return new Map(documents.flatMap((document) => [...document]));
  }

  /** The core starts with the new config and gets the users one after the other, each on one inbound after the other. */
  async function serverKnowsAll(): Promise<void> {
    const all = [...(await entriesOf('v2ray-json'))];
    const last = new Map(all.filter(([name]) => name.startsWith('shadowsocks')));
    const device = await startEntries('xray', cores.xray!, last, authorities);
    try {
      for (const [name] of last)
        await eventually(async () => (await outcomeOf(device, name)) === 'ok', 60_000);
    } finally {
      await device.close();
    }
  }

  async function outcomeOf(device: Device, name: string): Promise<Outcome> {
    const port = device.proxyPorts.get(name);
    if (port === undefined) return 'left out';
    const url = origin.url(FILE).replace('127.0.0.1', ORIGIN_NAME);
    return download(port, url, PATIENCE_MS).then(
      ({ sha256 }) => (sha256 === FILE_HASH ? 'ok' : 'fails'),
      () => 'fails',
    );
  }

  it.for(FORMATS)(
    'carry traffic as $format in $core, but for what it cannot do',
    { timeout: 120_000 },
    async ({ format, core }, { skip }) => {
      skip(cores[core] === undefined, 'There is no such core here.');
      const device = await startEntries(core, cores[core]!, await entriesOf(format), authorities);
      try {
        // mihomo opens its ports a while before it lets anything through them.
        const works = TRAFFIC_ENTRIES.find((entry) => !exceptionFor(format, entry))!.name;
        await eventually(async () => (await outcomeOf(device, works)) === 'ok', 30_000);

        const queue = TRAFFIC_ENTRIES.map(({ name }) => name);
        const found = new Map<string, Outcome>();
        const work = async () => {
          for (let name = queue.shift(); name !== undefined; name = queue.shift())
            found.set(name, await outcomeOf(device, name));
        };
        await Promise.all(Array.from({ length: AT_ONCE }, work));

        const surprises = TRAFFIC_ENTRIES.map((entry) => ({
          entry: entry.name,
          expected: exceptionFor(format, entry)?.outcome ?? 'ok',
          actual: found.get(entry.name),
        })).filter(({ expected, actual }) => expected !== actual);
        if (surprises.length > 0) process.stderr.write(device.log());
        expect(surprises).toEqual([]);
      } finally {
        await device.close();
      }
    },
  );
});

it('the documentation tells what carries traffic', async () => {
  const page = clientsPage(TRAFFIC_ENTRIES);
  process.stdout.write(`\n${page.slice(page.indexOf('|'), page.indexOf('\n## '))}`);
  await expect(page).toMatchFileSnapshot('../../docs/clients.md');
});

function x25519PrivateKey(): string {
  return generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' }).d!;
}
