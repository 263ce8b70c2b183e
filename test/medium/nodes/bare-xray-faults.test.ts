import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { XrayGrpcNode } from '../../../src/features/nodes/adapters/xray-grpc/xray-grpc-node.js';
import { NodeIdentity } from '../../../src/features/nodes/identity/node-identity.js';
import { DEFAULT_ACCESS, type NodeReach } from '../../../src/features/nodes/node.js';
import { SecretStore } from '../../../src/shared/secrets/secret-store.js';
import type { XrayClient } from '../../../src/xray/grpc/index.js';
import { download, type Origin, startOrigin } from '../../e2e/support/origin.js';
import { startDevice } from '../../e2e/support/xray-client.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { testConfig } from '../../support/app.js';
import { BareXray } from '../../support/bare-xray.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/service-process.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();
const PATIENCE_MS = 60_000;
/** Nobody has the node any more: whoever had it is told so by whatever it writes or reads of it. */
const END_LEASE = `
  ended AS (UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1 RETURNING epoch),
  fenced AS (UPDATE node_runtime SET owner_epoch = ended.epoch FROM ended WHERE node_id = $1)`;

vi.setConfig({ testTimeout: 180_000 });

describe.skipIf(!xray)('an Xray that somebody else runs, when something fails', () => {
  let fleet: AgentFleet;
  let core: BareXray;
  let origin: Origin;
  let port: number;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const { jobs } = testConfig();
    origin = await startOrigin();
    port = await freePort();
    const inbound = {
      tag: 'A',
      listen: '127.0.0.1',
      port,
      protocol: 'vless',
      settings: { decryption: 'none' },
    };
    fleet = await startAgentFleet(
      { jobs: { ...jobs, userUsagesSeconds: 0.5, nodeUsagesSeconds: 0.5, coreHealthSeconds: 1 } },
      { inbounds: [inbound], outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }] },
    );
  }, PATIENCE_MS);
  afterEach(async () => {
    const nodes = (await fleet.sudo.get('/api/nodes')).json as { id: number }[];
    for (const { id } of nodes) await fleet.sudo.delete(`/api/node/${id}`);
    for (const close of closing.splice(0)) await close();
    await fleet.sql('DELETE FROM users');
  });
  afterAll(async () => {
    await origin?.close();
    await fleet?.close();
  });

  const start = async (former?: BareXray) => {
    core = former ?? (await BareXray.create(xray!.path));
    if (!former) closing.push(() => core.close());
    await core.start((await fleet.sudo.get('/api/core/config/elsewhere')).json);
  };
  const add = (apiPort = core.apiPort) =>
    fleet.add({ port: 1, apiPort }, { kind: 'xray_grpc', api_tls: 'off' });
  const addUser = async (username: string) => {
    const reply = await fleet.sudo.post('/api/user', { username, proxies: { vless: {} } });
    expect(reply.status).toBe(200);
    const [row] = await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [username]);
    return { id: row!.id, email: `${row!.id}.${username}`, uuid: reply.json.proxies.vless.id as string };
  };
  const asOwner = <T>(work: (client: XrayClient) => Promise<T>) => core.asOwner(work);
  const has = (...expected: string[]) =>
    eventually(async () => {
      const found = await asOwner((client) => client.listUsers('A'));
      expect(found.map(({ email }) => email).toSorted()).toEqual(expected.toSorted());
      return true;
    }, PATIENCE_MS);
  /** Every byte that it has counted is charged, and none twice. */
  const isCharged = ({ id, email }: { id: number; email: string }) =>
    eventually(async () => {
      const { up, down } = (await asOwner((client) => client.userTraffic())).get(email)!;
      const [row] = await fleet.sql('SELECT used_traffic AS bytes FROM user_usage WHERE user_id = $1', [id]);
      expect(BigInt(row!.bytes as string)).toBe(up + down);
      return true;
    }, PATIENCE_MS);
  const deviceOf = async (uuid: string) => {
    const link = `vless://${uuid}@127.0.0.1:${port}?type=tcp&security=none&encryption=none#x`;
    const device = await startDevice(xray!.path, link);
    closing.unshift(() => device.close());
    return device;
  };

  /** A way to the API on which orders with this word in them are lost, with all that comes after, while it `swallows`. */
  const line = async (apiPort: number, word: string) => {
    const way = { swallows: true, swallowed: 0, port: 0 };
    const server = createServer((near) => {
      const far = connect(apiPort, '127.0.0.1');
      let isDead = false;
      for (const end of [near, far]) {
        end.on('error', () => undefined);
        end.on('close', () => [near, far].forEach((each) => each.destroy()));
      }
      far.on('data', (chunk) => near.write(chunk));
      near.on('data', (chunk) => {
        if (way.swallows && chunk.includes(word)) isDead = true;
        if (isDead) way.swallowed++;
        else far.write(chunk);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => server.close());
    way.port = (server.address() as AddressInfo).port;
    return way;
  };

  it('is left by all users although its owner dies while it takes them off', async () => {
    const ann = await addUser('ann');
    await start();
    const way = await line(core.apiPort, 'RemoveUserOperation');
    const id = await add(way.port);
    await has(ann.email);
    // Nobody has it when it is disabled, so that the next owner has yet to look at it.
    await fleet.sql(
      `WITH ${END_LEASE}
       UPDATE nodes SET status = 'disabled', generation = generation + 1 WHERE id = $1`,
      [id],
    );
    await eventually(() => way.swallowed > 0, PATIENCE_MS);
    await fleet.sql(`WITH ${END_LEASE} SELECT FROM ended`, [id]);
    way.swallows = false;
    await has();
  });

  it('is not claimed when it was started anew since it was looked at', async () => {
    await start();
    const reach: NodeReach = {
      ...DEFAULT_ACCESS,
      apiTls: 'off',
      nodeId: 1,
      kind: 'xray_grpc',
      name: 'bare',
      address: '127.0.0.1',
      port: 1,
      apiPort: core.apiPort,
      certificate: null,
      sessionId: null,
      coreMarker: null,
      coreIsImported: false,
    };
    const memory = {
      saveSession: async () => undefined,
      saveCertificate: async () => undefined,
      nameOf: async () => undefined,
    };
    const node = new XrayGrpcNode(reach, memory, {
      identity: fleet.app.get(NodeIdentity, { strict: false }),
      secrets: fleet.app.get(SecretStore, { strict: false }),
    });
    closing.push(async () => node.close());
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const former = await node.observe(signal);
    await start(core);
    // Counters are read of whoever is there, so those of the former process could become the baseline of this one.
    await eventually(async () => (await node.counters(signal)).process.marker === former.process.marker);
    await expect(node.claim(node.nextClaim(), signal)).rejects.toThrow('Xray there was started anew');
    expect((await node.observe(signal)).isClaimed).toBe(false);
    await node.claim(node.nextClaim(), signal);
    expect((await node.observe(signal)).isClaimed).toBe(true);
  });

  it('is charged once although it is attached to anew while a reading could not be charged', async () => {
    const ann = await addUser('ann');
    await start();
    const id = await add();
    await has(ann.email);
    const { proxyPort } = await deviceOf(ann.uuid);
    await download(proxyPort, origin.url(200_000));
    await isCharged(ann);
    // No poll can be charged until the core has been attached to once more.
    await fleet.sql(`
      CREATE SEQUENCE failed_poll MINVALUE 0;
      CREATE FUNCTION fail_poll() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (SELECT FROM node_runtime r JOIN nodes n ON n.id = r.node_id
                      WHERE n.id = ${id} AND r.applied_restart_generation = (
                        SELECT applied_restart_generation FROM before_reconnect)) THEN
            PERFORM nextval('failed_poll');
            RAISE EXCEPTION 'no poll is charged now';
          END IF;
          RETURN NEW;
        END $$;
      CREATE TABLE before_reconnect AS SELECT applied_restart_generation FROM node_runtime WHERE node_id = ${id};
      CREATE TRIGGER fail_poll BEFORE UPDATE ON node_user_counter FOR EACH ROW EXECUTE FUNCTION fail_poll();`);
    const failed = async () => Number((await fleet.sql('SELECT last_value FROM failed_poll'))[0]!.last_value);
    const isAnew = async () =>
      (
        await fleet.sql(
          `SELECT FROM node_runtime JOIN before_reconnect b USING (applied_restart_generation) WHERE node_id = $1`,
          [id],
        )
      ).length === 0;
    try {
      await download(proxyPort, origin.url(100_000));
      await eventually(async () => (await failed()) > 1, PATIENCE_MS);
      await fleet.sudo.post(`/api/node/${id}/reconnect`);
      await eventually(async () => {
        await download(proxyPort, origin.url(50_000)); // it goes on, so each reading is another one
        return isAnew();
      }, PATIENCE_MS);
      await fleet.status(id, 'connected', PATIENCE_MS);
      await download(proxyPort, origin.url(50_000));
      await isCharged(ann);
    } finally {
      await fleet.sql(
        'DROP FUNCTION fail_poll CASCADE; DROP SEQUENCE failed_poll; DROP TABLE before_reconnect',
      );
    }
  });
});
