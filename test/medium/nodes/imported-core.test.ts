import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NodeIdentity } from '../../../src/features/nodes/identity/node-identity.js';
import type { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { eventually } from '../../support/eventually.js';
import { copies, CORE_CONFIG } from '../../support/fake-fleet.js';
import { startPanelOn } from '../../support/former-panel.js';

vi.setConfig({ testTimeout: 120_000 });

let fleet: AgentFleet;

beforeAll(async () => {
  fleet = await startAgentFleet();
});
afterAll(async () => {
  await fleet?.close();
});

/** An agent whose core another panel has started, with the key and certificate that were imported from it. */
async function agentOfFormerPanel(): Promise<FakeMarzbanNode> {
  const agent = await fleet.agent();
  const identity = await fleet.app.get(NodeIdentity, { strict: false }).get();
  await startPanelOn(agent, identity, CORE_CONFIG);
  return agent;
}

/** The node as an import leaves it. */
async function importNode({ port, apiPort }: FakeMarzbanNode): Promise<number> {
  await fleet.sql(`
    INSERT INTO nodes (name, address, port, api_port) VALUES ('node ${port}', '127.0.0.1', ${port}, ${apiPort});
    UPDATE node_runtime SET core_is_imported = true
     WHERE node_id = (SELECT id FROM nodes WHERE port = ${port})`);
  const [row] = await fleet.sql<{ id: number }>('SELECT id FROM nodes WHERE port = $1', [port]);
  return row!.id;
}

async function addUser(username: string): Promise<string> {
  const reply = await fleet.sudo.post('/api/user', { username, proxies: { vless: {} } });
  expect(reply.status).toBe(200);
  const [row] = await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [username]);
  return `${row!.id}.${username}`;
}

const used = async (username: string) =>
  (await fleet.sudo.get(`/api/user/${username}`)).json.used_traffic as number;

describe('a node whose core another panel has left, that was imported', () => {
  it('is charged for what that core has counted, once, before it is ended', async () => {
    const email = await addUser('ann');
    const agent = await agentOfFormerPanel();
    agent.fake!.count(email, 1_000n, 234n);
    agent.fake!.countOutbound('direct', 1_000n, 300n);
    agent.fake!.failNext('GetSysStats', 'hang'); // a late answer is no closed door
    const id = await importNode(agent);
    await fleet.status(id, 'connected', 60_000);
    expect(await used('ann')).toBe(1_234);
    expect(agent.cores).toBe(2); // the former panel's and ours
    await eventually(() => copies(agent.fake!, email) === 1);
    agent.fake!.count(email, 10n, 0n);
    await eventually(async () => (await used('ann')) === 1_244, 30_000);
    const [node] = await fleet.sql<{ sum: string }>(
      'SELECT (uplink + downlink)::text AS sum FROM nodes WHERE id = $1',
      [id],
    );
    expect(node!.sum).toBe('1300');
    const [runtime] = await fleet.sql('SELECT core_is_imported FROM node_runtime WHERE node_id = $1', [id]);
    expect(runtime).toEqual({ core_is_imported: false });
  });

  it('serves all the same where that core does not let this address in', async () => {
    const email = await addUser('bob');
    const agent = await agentOfFormerPanel();
    agent.fake!.count(email, 7n, 0n);
    agent.fake!.failNext('GetSysStats', 'refuse');
    const id = await importNode(agent);
    await fleet.status(id, 'connected', 60_000);
    expect(agent.cores).toBe(2);
    expect(await used('bob')).toBe(0);
  });

  it('that was not imported is charged for nothing that others have counted', async () => {
    const email = await addUser('cid');
    const agent = await agentOfFormerPanel();
    agent.fake!.count(email, 5n, 0n);
    await fleet.status(await fleet.add(agent), 'connected', 60_000);
    expect(await used('cid')).toBe(0);
  });
});
