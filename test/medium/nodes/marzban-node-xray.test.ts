import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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
