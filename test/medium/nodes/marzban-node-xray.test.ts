import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { XrayClient } from '../../../src/xray/grpc/index.js';
import type { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { freePort } from '../../support/service-process.js';
import { xrayForTests } from '../../support/xray.js';

const xray = await xrayForTests();

/** A start of a real core takes a while on a busy machine, and one that lets nobody in is waited for. */
vi.setConfig({ testTimeout: 120_000 });

describe.skipIf(!xray)('a Marzban-node with a real Xray', () => {
  let fleet: AgentFleet;

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
      {
        inbounds: [inbound],
        outbounds: [{ protocol: 'freedom', tag: 'DIRECT' }],
        routing: { domainStrategy: 'AsIs' },
      },
    );
  });
  afterAll(() => fleet?.close());

  it('is connected, restarted within its session, and its core is started again when it died', async () => {
    const agent = await fleet.agent(xray);
    const id = await fleet.add(agent);
    expect((await fleet.status(id, 'connected', 60_000)).xray_version).toBe(xray!.version);
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await vi.waitFor(() => expect(agent.cores).toBe(2), { timeout: 30_000 });
    await fleet.status(id, 'connected', 60_000);
    await agent.core!.kill();
    await vi.waitFor(() => expect(agent.cores).toBe(3), { timeout: 60_000 });
    await fleet.status(id, 'connected', 60_000);
    expect(agent.count('/connect')).toBe(1);
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    await vi.waitFor(() => expect(agent.isStarted).toBe(false), { timeout: 30_000 });
  });

  it('that lets this replica into its API in no way says which setting helps, and is not restarted for ever', async () => {
    const agent = await fleet.agent(xray);
    agent.apiSource = '192.0.2.1';
    const id = await fleet.add(agent);
    const { message } = await fleet.status(id, 'error', 90_000);
    expect(message).toMatch(/does not let this replica into Xray's API: set NODE_API_SOURCES/);
    const before = agent.cores;
    await vi.waitFor(async () => {
      const [row] = await fleet.sql<{ failures: number }>(
        'SELECT failures FROM node_runtime WHERE node_id = $1',
        [id],
      );
      expect(row!.failures).toBeGreaterThan(1);
    }, 60_000);
    expect([agent.cores, agent.count('/connect')]).toEqual([before, 1]);
  });

  describe('whose agent ended without its core', () => {
    let agent: FakeMarzbanNode;
    let id: number;
    let left: { kill(): Promise<void>; isAlive: boolean };

    beforeEach(async () => {
      agent = await fleet.agent(xray);
      id = await fleet.add(agent);
      await fleet.status(id, 'connected', 60_000);
      left = await agent.restartAlone();
      await fleet.sql(
        `UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`,
        [id],
      );
    });
    afterEach(() => fleet.sudo.delete(`/api/node/${id}`));

    /** Of all users, as the core has them. */
    const accounts = async () => {
      const security = credentials.createSsl(Buffer.from(agent.certificate.certificate), null, null, {
        checkServerIdentity: () => undefined,
      });
      const client = new XrayClient(`127.0.0.1:${agent.apiPort}`, security, {
        'grpc.ssl_target_name_override': 'Gozargah',
      });
      return client
        .listUsers('A')
        .then((all) => all.map(({ email }) => email.split('.')[1]))
        .finally(() => client.close());
    };
    const add = async (username: string) => {
      await fleet.sudo.post('/api/user', { username, proxies: { trojan: {} } });
      await vi.waitFor(async () => expect(await accounts()).toContain(username), { timeout: 60_000 });
    };

    it('goes on with that core, and says what to do when another one is wanted', async () => {
      await add('ann');
      await fleet.status(id, 'connected', 60_000);
      await fleet.sudo.post(`/api/node/${id}/reconnect`);
      const { message } = await fleet.status(id, 'error', 60_000);
      expect(message).toMatch(/Xray runs on the node that its agent does not know of.*; end it there/);
      await add('ben'); // it is kept all the same
      expect([left.isAlive, agent.cores]).toEqual([true, 1]);
      await left.kill();
      await fleet.status(id, 'connected', 90_000);
      expect(agent.cores).toBe(2);
    });

    it('leaves no user on it when the node is deleted', async () => {
      await add('cid');
      await fleet.sudo.delete(`/api/node/${id}`);
      await vi.waitFor(async () => expect(await accounts()).toEqual([]), { timeout: 60_000 });
      expect(left.isAlive).toBe(true);
    });

    it('starts none beside one that it does not know itself', async () => {
      await fleet.sudo.delete(`/api/node/${id}`);
      id = await fleet.add(agent);
      const { message } = await fleet.status(id, 'error', 60_000);
      expect(message).toMatch(/end it there/);
      expect(agent.cores).toBe(1);
    });
  });

  it('whose session another replica made is restarted once, and says why', async () => {
    const agent = await fleet.agent(xray);
    const id = await fleet.add(agent);
    await fleet.status(id, 'connected', 60_000);
    // The session and the core of a replica elsewhere, whose address alone is let in.
    agent.apiSource = '192.0.2.1';
    await agent.reload();
    agent.apiSource = undefined;
    await fleet.sql(`UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`, [
      id,
    ]);
    await vi.waitFor(() => expect(agent.count('/connect')).toBe(2), { timeout: 90_000 });
    await fleet.status(id, 'connected', 60_000);
  });
});
