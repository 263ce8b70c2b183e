import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimTag } from '../../../src/xray/config/index.js';
import type { XrayClient } from '../../../src/xray/grpc/index.js';
import { download, fileHash, type Origin, startOrigin } from '../../e2e/support/origin.js';
import { startDevice } from '../../e2e/support/xray-client.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { SUDO, testConfig } from '../../support/app.js';
import { BareXray } from '../../support/bare-xray.js';
import { eventually } from '../../support/eventually.js';
import { refusal } from '../../support/log-socket.js';
import { freePort } from '../../support/service-process.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();
const PATIENCE_MS = 60_000;

vi.setConfig({ testTimeout: 180_000 });

type Config = { inbounds: Record<string, unknown>[]; outbounds: { tag: string }[] } & Record<string, unknown>;

describe.skipIf(!xray)('an Xray that somebody else runs', () => {
  let fleet: AgentFleet;
  let origin: Origin;
  let ports: { A: number; B: number };
  let core: BareXray;
  const cores: BareXray[] = [];

  const panelConfig = (more: object[] = []) => ({
    inbounds: [
      { tag: 'A', listen: '127.0.0.1', port: ports.A, protocol: 'vless', settings: { decryption: 'none' } },
      { tag: 'B', listen: '127.0.0.1', port: ports.B, protocol: 'trojan', settings: {} },
      ...more,
    ],
    outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
  });

  beforeAll(async () => {
    ports = { A: await freePort(), B: await freePort() };
    origin = await startOrigin();
    const { jobs } = testConfig();
    fleet = await startAgentFleet(
      { jobs: { ...jobs, userUsagesSeconds: 0.5, nodeUsagesSeconds: 0.5, coreHealthSeconds: 1 } },
      panelConfig(),
    );
  }, PATIENCE_MS);
  afterEach(async () => {
    const nodes = (await fleet.sudo.get('/api/nodes')).json as { id: number }[];
    for (const { id } of nodes) await fleet.sudo.delete(`/api/node/${id}`);
    for (const each of cores.splice(0)) await each.close();
    await fleet.sql('DELETE FROM users');
    await fleet.sudo.put('/api/core/config', panelConfig());
  });
  afterAll(async () => {
    await origin?.close();
    await fleet?.close();
  });

  const wantedFile = async () => (await fleet.sudo.get('/api/core/config/elsewhere')).json as Config;
  /** An Xray with the config that the panel gives for it. */
  const start = async (edit: (config: Config) => object = (config) => config) => {
    core = await BareXray.create(xray!.path);
    cores.push(core);
    await core.start(edit(await wantedFile()) as Config);
  };
  const add = (facts: object = {}) =>
    fleet.add({ port: 1, apiPort: core.apiPort }, { kind: 'xray_grpc', api_tls: 'off', ...facts });
  const addUser = async (username: string) => {
    const reply = await fleet.sudo.post('/api/user', { username, proxies: { vless: {}, trojan: {} } });
    expect(reply.status).toBe(200);
    const [row] = await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [username]);
    return { id: row!.id, email: `${row!.id}.${username}`, uuid: reply.json.proxies.vless.id as string };
  };
  const asOwner = <T>(work: (client: XrayClient) => Promise<T>) => core.asOwner(work);
  const emails = (tag: string) =>
    asOwner(async (client) => (await client.listUsers(tag)).map(({ email }) => email));
  const has = (tag: string, ...expected: string[]) =>
    eventually(async () => {
      expect((await emails(tag)).toSorted()).toEqual(expected.toSorted());
      return true;
    }, PATIENCE_MS);
  const reported = (email: string) =>
    asOwner(async (client) => {
      const { up, down } = (await client.userTraffic()).get(email) ?? { up: 0n, down: 0n };
      return up + down;
    });
  const used = async (id: number) =>
    BigInt(
      (
        await fleet.sql<{ bytes: string }>(
          'SELECT used_traffic AS bytes FROM user_usage WHERE user_id = $1',
          [id],
        )
      )[0]!.bytes,
    );
  const carry = async (uuid: string, bytes: number) => {
    const link = `vless://${uuid}@127.0.0.1:${ports.A}?type=tcp&security=none&encryption=none#x`;
    const device = await startDevice(xray!.path, link);
    try {
      const { sha256 } = await download(device.proxyPort, origin.url(bytes));
      expect(sha256).toBe(fileHash(bytes));
    } finally {
      await device.close();
    }
  };
  const settled = (id: number, bytes: () => Promise<bigint>) =>
    eventually(async () => {
      expect(await used(id)).toBe(await bytes());
      return true;
    }, PATIENCE_MS);
  const startsOf = async (id: number) => {
    const { nodes } = (await fleet.sudo.get('/api/nodes/state')).json;
    return (nodes as { id: number; core_starts: { reason: string }[] }[])
      .find((node) => node.id === id)!
      .core_starts.map(({ reason }) => reason);
  };
  const message = async (id: number, pattern: RegExp) =>
    eventually(async () => {
      const node = (await fleet.sudo.get(`/api/node/${id}`)).json;
      expect([node.status, node.message]).toEqual(['error', expect.stringMatching(pattern)]);
      return node.message as string;
    }, PATIENCE_MS);

  it('gets its users without a start, charges them to the byte, and lets nobody else be touched', async () => {
    const ann = await addUser('ann');
    await start((config) => ({
      ...config,
      inbounds: config.inbounds.map((inbound) =>
        inbound.tag === 'B'
          ? { ...inbound, settings: { clients: [{ password: 'of the owner', email: 'owner@home' }] } }
          : inbound,
      ),
    }));
    const id = await add();
    await fleet.status(id, 'connected', PATIENCE_MS);
    await has('A', ann.email);
    await has('B', ann.email, 'owner@home');
    await carry(ann.uuid, 300_000);
    await settled(ann.id, () => reported(ann.email));
    expect(await used(ann.id)).toBeGreaterThan(300_000n);

    const bob = await addUser('bob');
    await has('A', ann.email, bob.email);
    await fleet.sudo.put('/api/user/ann', { status: 'disabled' });
    await has('A', bob.email);
    await has('B', bob.email, 'owner@home');
    await fleet.sudo.put('/api/user/ann', { status: 'active' });
    await has('A', ann.email, bob.email);
    await carry(ann.uuid, 100_000);
    await settled(ann.id, () => reported(ann.email));

    // What an operator's restart comes to: another look at it.
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await eventually(async () => {
      const [row] = await fleet.sql<{ done: boolean }>(
        `SELECT n.restart_generation = r.applied_restart_generation AS done
           FROM nodes n JOIN node_runtime r ON r.node_id = n.id WHERE n.id = $1`,
        [id],
      );
      return row!.done;
    }, PATIENCE_MS);
    await fleet.status(id, 'connected', PATIENCE_MS);
    await carry(ann.uuid, 50_000);
    await settled(ann.id, () => reported(ann.email));
    expect([core.starts, await startsOf(id)]).toEqual([1, ['found']]);

    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    await has('A');
    await has('B', 'owner@home');
    await settled(ann.id, () => reported(ann.email));
    await fleet.sudo.put(`/api/node/${id}`, { status: 'connecting' });
    await has('A', ann.email, bob.email);
    await settled(ann.id, () => reported(ann.email));
  });

  it('is found as another process once its owner has started it anew, and no byte is charged twice', async () => {
    const ann = await addUser('ann');
    await start();
    const id = await add();
    await has('A', ann.email);
    await carry(ann.uuid, 200_000);
    await settled(ann.id, () => reported(ann.email));
    const before = await used(ann.id);
    await core.kill();
    await message(id, /Xray does not answer|ECONNREFUSED/);
    await core.start(await wantedFile());
    await has('A', ann.email);
    await fleet.status(id, 'connected', PATIENCE_MS);
    await carry(ann.uuid, 100_000);
    await settled(ann.id, async () => before + (await reported(ann.email)));
    expect(await startsOf(id)).toEqual(['found', 'found']);
  });

  it('that counted before it was this node is charged from then on', async () => {
    const ann = await addUser('ann');
    await start();
    const first = await add();
    await has('A', ann.email);
    await carry(ann.uuid, 200_000);
    await settled(ann.id, () => reported(ann.email));
    const charged = await used(ann.id);

    const second = await add({ name: 'the same again' });
    await message(second, /is the Xray that node "node 1" works with already, .* delete one of the two/);
    await fleet.sudo.delete(`/api/node/${first}`);
    await fleet.sudo.post(`/api/node/${second}/reconnect`);
    await fleet.status(second, 'connected', PATIENCE_MS);
    await fleet.sudo.post('/api/user', { username: 'later', proxies: { vless: {} } });
    await eventually(async () => (await emails('A')).length === 2, PATIENCE_MS);
    await carry(ann.uuid, 100_000);
    await settled(ann.id, () => reported(ann.email));
    expect(await used(ann.id)).toBeGreaterThan(charged);
  });

  it('goes to another replica as it is, and loses its users when the node goes elsewhere or is deleted', async () => {
    const ann = await addUser('ann');
    await start();
    const former = core;
    const id = await add();
    await has('A', ann.email);
    await carry(ann.uuid, 100_000);
    await fleet.sql(`UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`, [
      id,
    ]);
    await carry(ann.uuid, 100_000);
    await settled(ann.id, () => reported(ann.email));
    expect(await startsOf(id)).toEqual(['found']);

    const before = await used(ann.id);
    const later = await BareXray.create(xray!.path);
    cores.push(later);
    const file = await wantedFile();
    const elsewhere = await Promise.all([freePort(), freePort()]);
    await later.start({
      ...file,
      inbounds: file.inbounds.map((inbound, i) => ({ ...inbound, port: elsewhere[i] })),
    });
    await fleet.sudo.put(`/api/node/${id}`, { api_port: later.apiPort });
    await has('A');
    await has('B');
    core = later;
    await has('A', ann.email);
    await has('B', ann.email);
    await fleet.status(id, 'connected', PATIENCE_MS);
    expect([await startsOf(id), await used(ann.id)]).toEqual([['found', 'found'], before]);

    await fleet.sudo.delete(`/api/node/${id}`);
    await has('A');
    await has('B');
    expect([former.starts, later.starts]).toEqual([1, 1]);
  });

  it('with another config is an error that says what to do, and keeps its users meanwhile', async () => {
    const ann = await addUser('ann');
    await start();
    const id = await add();
    await fleet.status(id, 'connected', PATIENCE_MS);
    const file = await wantedFile();
    const later = { tag: 'C', listen: '127.0.0.1', port: await freePort(), protocol: 'vmess', settings: {} };
    await fleet.sudo.put('/api/core/config', panelConfig([later]));
    const text = await message(
      id,
      /runs core config v\d+, v\d+ is wanted: put the answer of GET \/api\/core\/config\/elsewhere/,
    );
    expect(text).toMatch(/Meanwhile users are kept on A, B$/);
    const bob = await addUser('bob');
    await has('A', ann.email, bob.email);
    await carry(bob.uuid, 100_000);
    await settled(bob.id, () => reported(bob.email));
    // Another name is no reason to cut anybody off.
    await fleet.sudo.put(`/api/node/${id}`, { name: 'another name' });
    await message(id, /is wanted/);
    await has('A', ann.email, bob.email);
    expect([core.starts, await startsOf(id)]).toEqual([1, ['found']]);
    expect(await wantedFile()).not.toEqual(file);
    await core.start(await wantedFile());
    await fleet.status(id, 'connected', PATIENCE_MS);
    await eventually(
      async () => (await emails('C')).length === 0 && (await emails('A')).length === 2,
      PATIENCE_MS,
    );
  });

  it('whose inbounds are others keeps users where they fit, and lives', async () => {
    const ann = await addUser('ann');
    await start((config) => ({
      ...config,
      inbounds: [
        { ...config.inbounds[0], tag: 'B' },
        { ...config.inbounds[1], tag: 'X' },
      ],
    }));
    const id = await add();
    await message(
      id,
      /it has no inbound A; its inbound B is vless, not trojan: put .*Meanwhile it has no users/,
    );
    await asOwner((client) => client.addUser('X', { type: 'trojan', email: '77.left', password: 'over' }));
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await has('X'); // an account of the panel's where nobody would ever take it off
    // Its owner starts it again and again with another protocol behind a tag, while users change.
    let changes = 0;
    const over = new AbortController();
    const changing = (async () => {
      for (; !over.signal.aborted; changes++)
        await fleet.sudo.put('/api/user/ann', { status: changes % 2 ? 'active' : 'disabled' });
    })();
    const swapped = (config: Config): Config => ({
      ...config,
      inbounds: config.inbounds.map((inbound, i) => ({ ...inbound, tag: i === 0 ? 'B' : 'A' })),
    });
    for (const isSwapped of [false, true, false, true]) {
      const config = await wantedFile();
      await core.start(isSwapped ? swapped(config) : config);
      await (isSwapped
        ? message(id, /its inbound A is trojan, not vless; its inbound B is vless, not trojan/)
        : fleet.status(id, 'connected', PATIENCE_MS));
      const before = changes;
      await eventually(() => changes > before + 10, PATIENCE_MS);
      expect((await asOwner((client) => client.sysStats())).goroutines).toBeGreaterThan(0); // it lives
    }
    over.abort();
    await changing;
    await core.start(await wantedFile());
    await fleet.sudo.put('/api/user/ann', { status: 'active' });
    await has('A', ann.email);
    await has('B', ann.email);
  });

  it('that gets other inbounds while it runs is looked at anew', async () => {
    const ann = await addUser('ann');
    await start((config) => ({ ...config, inbounds: config.inbounds.slice(0, 1) }));
    const id = await add();
    await message(id, /it has no inbound B/);
    await has('A', ann.email);
    await core.command('adi', { inbounds: [(await wantedFile()).inbounds[1]] });
    await fleet.status(id, 'connected', PATIENCE_MS);
    await has('B', ann.email);
    await core.command('rmi', { inbounds: [{ tag: 'B' }] });
    await message(id, /it has no inbound B/);
    await has('A', ann.email);
    expect([core.starts, await startsOf(id)]).toEqual([1, ['found']]);
  });

  it.each([
    ['StatsService', ['HandlerService']],
    ['HandlerService', ['StatsService']],
  ])('without the %s says so', async (missing, services) => {
    await start((config) => ({ ...config, api: { ...(config.api as object), services } }));
    const text = await message(await add(), new RegExp(`has no ${missing}`));
    expect(text).toMatch(/its api.services need HandlerService and StatsService$/);
  });

  it('that does not count says so, and gets no users', async () => {
    await addUser('ann');
    await start(({ policy: _, ...config }) => config);
    const id = await add();
    await message(id, /policy needs system.statsOutboundUplink/);
    expect(await emails('A')).toEqual([]);
    expect(await startsOf(id)).toEqual([]); // nor a claim, which nobody could see or remove
  });

  it('that another panel works with is left to it until an operator wants it', async () => {
    const ann = await addUser('ann');
    await start();
    await asOwner(async (client) => {
      await client.addBlackhole(claimTag({ order: 7, panel: '0badcafe', nodeId: 1, nonce: 'ff' }));
      await client.addUser('A', { type: 'vless', id: ann.uuid, email: '1.theirs', flow: '' });
    });
    const id = await add();
    await message(id, /another panel works with this Xray/);
    expect(await emails('A')).toEqual(['1.theirs']);
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await fleet.status(id, 'connected', PATIENCE_MS);
    await has('A', ann.email);
    await asOwner((client) =>
      client.addBlackhole(claimTag({ order: 9, panel: '0badcafe', nodeId: 1, nonce: 'aa' })),
    );
    await message(id, /another panel works with this Xray/);
  });

  it('whose routing does not lead to the API, and one that does not run, say so', async () => {
    await start(({ routing: _, ...config }) => config);
    const id = await add();
    await message(id, /hung up .*does its routing not lead from the API inbound there\?/);
    await core.kill();
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await message(id, /ECONNREFUSED .*does Xray run there, with its API on this port \(api_port\)\?/);
  });

  it('tells no log', async () => {
    await start();
    const id = await add();
    await fleet.status(id, 'connected', PATIENCE_MS);
    const token = await fleet.login(SUDO.username, SUDO.password);
    expect(await refusal(fleet.url, `/api/node/${id}/logs`, token)).toEqual([
      403,
      { detail: "Xray does not tell its log over its API; it is where that Xray's owner has it written" },
    ]);
  });
});
