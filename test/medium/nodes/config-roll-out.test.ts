import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { eventually } from '../../support/eventually.js';
import { copies, CORE_CONFIG, TAGS } from '../../support/fake-fleet.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

interface FleetNode {
  id: number;
  agent: FakeMarzbanNode;
}

let fleet: AgentFleet;

beforeEach(async () => {
  fleet = await startAgentFleet();
});
afterEach(() => fleet?.close());

/** Nodes that run the config of the fleet. */
async function connected(count: number): Promise<FleetNode[]> {
  const agents = await Promise.all(Array.from({ length: count }, () => fleet.agent()));
  const nodes: FleetNode[] = [];
  for (const agent of agents) nodes.push({ id: await fleet.add(agent), agent });
  for (const { id } of nodes) await fleet.status(id, 'connected');
  return nodes;
}

/** Another config; its text holds the tag, by which agents know it. */
const putConfig = async (tag: string) => {
  const outbounds = [...CORE_CONFIG.outbounds, { protocol: 'blackhole', tag }];
  const reply = await fleet.sudo.put('/api/core/config', { ...CORE_CONFIG, outbounds });
  expect(reply.status).toBe(200);
};

const shown = async ({ id }: FleetNode) => (await fleet.sudo.get(`/api/node/${id}`)).json;
const runs = ({ agent }: FleetNode, tag: string) =>
  agent.fake?.isAlive === true && agent.fake.outboundTags().includes(tag);
const ALL_GOOD = { status: 'connected', message: null };

/**
 * Makes starts take a while, and each after the first wait until so many are under way or none is left to come. Returns how
 * many were under way at each of them.
 */
function countStarts(nodes: FleetNode[], together = 1): number[] {
  const atATime: number[] = [];
  let starting = 0;
  for (const { agent } of nodes) {
    agent.startMs = 300;
    agent.beforeStart = async () => {
      atATime.push(++starting);
      if (atATime.length === 1) return;
      const begun = atATime.length;
      const isJoined = () => atATime.slice(begun - 1).some((count) => count >= together);
      await eventually(() => isJoined() || atATime.length === nodes.length, 15_000);
    };
    agent.intercept = ({ url }, response) => {
      if (url === '/restart') response.once('finish', () => starting--);
      return false;
    };
  }
  return atATime;
}

/** Whoever is first asked to start this config refuses it, and goes on refusing it. Returns who that is. */
function refusedByTheFirst(nodes: FleetNode[], tag: string): () => FleetNode | undefined {
  let first: FleetNode | undefined;
  for (const node of nodes) {
    node.agent.beforeStart = async (config) => {
      if (!config.includes(tag)) return;
      first ??= node;
      if (first !== node) return;
      node.agent.refuses = tag;
      node.agent.refusal = `Failed to start: ${tag} is not for me`;
    };
  }
  return () => first;
}

const held = (by: string, tag: string, [refused, running]: [number, number]) =>
  `config v${refused} held back, running v${running}: ${by} refused it (Failed to start: ${tag} is not for me); ` +
  `send another config, or reconnect ${by} if the fault was there, or reconnect this node to start v${refused} here all the same`;

describe('another config', () => {
  it('is tried by one node first, and then by no more than a third at a time', async () => {
    const nodes = await connected(7);
    const atATime = countStarts(nodes, 2);
    await putConfig('SECOND');
    await eventually(() => nodes.every((node) => runs(node, 'SECOND')), 60_000);
    await eventually(async () => {
      for (const node of nodes) expect(await shown(node)).toMatchObject(ALL_GOOD);
      return true;
    });
    expect(nodes.map(({ agent }) => agent.cores)).toEqual(Array(7).fill(2));
    expect(atATime.slice(0, 1)).toEqual([1]);
    expect(Math.max(...atATime)).toBe(2);
    await eventually(async () => {
      const places = await fleet.sql('SELECT FROM node_runtime WHERE starting_config_version IS NOT NULL');
      return places.length === 0;
    });
  });

  it('is neither proven nor spread wider by cores that somebody else runs', async () => {
    const nodes = await connected(3);
    for (let i = 0; i < 6; i++) {
      const bare = { name: `bare ${i}`, kind: 'xray_grpc', api_tls: 'off' };
      await fleet.status(await fleet.add({ port: 1, apiPort: 1 }, bare), 'error');
    }
    // As if their owners had started them with it already.
    await fleet.sql(
      `UPDATE node_runtime SET last_good_config_version = 2
        WHERE node_id IN (SELECT id FROM nodes WHERE kind = 'xray_grpc')`,
    );
    const atATime = countStarts(nodes);
    await putConfig('SECOND');
    await eventually(() => nodes.every((node) => runs(node, 'SECOND')), 30_000);
    expect(atATime).toEqual([1, 1, 1]);
  });

  it('is not held up by a node that cannot be reached', async () => {
    const nodes = await connected(3);
    const [gone, ...others] = nodes as [FleetNode, ...FleetNode[]];
    await gone.agent.shutDown();
    await putConfig('SECOND');
    await eventually(() => others.every((node) => runs(node, 'SECOND')), 30_000);
  });
});

describe('a config that a node refuses', () => {
  it('is rolled back there, and starts nowhere else until it is another one', async () => {
    const nodes = await connected(4);
    const names = new Map(
      await Promise.all(nodes.map(async (node) => [node, (await shown(node)).name as string] as const)),
    );
    const first = refusedByTheFirst(nodes, 'SECOND');
    await putConfig('SECOND');
    const refusing = await eventually(first);
    const others = nodes.filter((node) => node !== refusing);
    await eventually(async () => (await shown(refusing)).message !== null);
    expect(await shown(refusing)).toMatchObject({
      status: 'error',
      message: 'config v2 refused, running v1: Failed to start: SECOND is not for me',
    });
    await eventually(async () => {
      for (const node of others) {
        const message = held(names.get(refusing)!, 'SECOND', [2, 1]);
        expect(await shown(node)).toMatchObject({ status: 'error', message });
      }
      return true;
    });
    // Everybody is served as before, also by those.
    await fleet.sudo.post('/api/user', {
      username: 'ann',
      proxies: { vless: {}, vmess: {}, trojan: {}, shadowsocks: {} },
    });
    const [user] = await fleet.sql<{ id: number }>("SELECT id FROM users WHERE username = 'ann'");
    for (const { agent } of nodes) {
      await eventually(() => copies(agent.fake!, `${user!.id}.ann`) === TAGS.length);
    }
    expect(others.map(({ agent }) => agent.cores)).toEqual([1, 1, 1]);
    expect((await fleet.sudo.get('/api/core')).json.started).toBe(true);

    // A core that dies meanwhile comes back with what is good.
    await others[0]!.agent.core!.kill();
    await eventually(() => others[0]!.agent.cores === 2, 30_000);
    expect(runs(others[0]!, 'SECOND')).toBe(false);
    await eventually(
      async () => (await shown(others[0]!)).message?.startsWith('config v2 held back, running v1'),
      30_000,
    );

    await putConfig('THIRD');
    for (const node of nodes) {
      await eventually(() => runs(node, 'THIRD'), 30_000);
      await eventually(async () => (await shown(node)).status === 'connected');
      expect((await shown(node)).message).toBeNull();
    }
  });

  it('starts where an operator says so, and everywhere once it is accepted where it was refused', async () => {
    const nodes = await connected(3);
    const first = refusedByTheFirst(nodes, 'SECOND');
    await putConfig('SECOND');
    const refusing = await eventually(first);
    const [one, other] = nodes.filter((node) => node !== refusing) as [FleetNode, FleetNode];
    await eventually(async () => (await shown(one)).message?.includes('held back'));
    await fleet.sudo.post(`/api/node/${one.id}/reconnect`);
    await eventually(() => runs(one, 'SECOND'));
    await fleet.status(one.id, 'connected');
    expect([other.agent.cores, (await shown(other)).status]).toEqual([1, 'error']);

    refusing.agent.refusal = undefined;
    refusing.agent.beforeStart = async () => undefined;
    await fleet.sudo.post(`/api/node/${refusing.id}/reconnect`);
    for (const node of nodes) {
      await eventually(() => runs(node, 'SECOND'), 30_000);
      await eventually(async () => (await shown(node)).status === 'connected');
    }
    expect([one, other].map(({ agent }) => agent.cores)).toEqual([2, 2]);
  });

  it('because of its own ports alone is started by the others', async () => {
    const nodes = await connected(3);
    let first: FleetNode | undefined;
    for (const node of nodes) {
      node.agent.beforeStart = async (config) => {
        if (config.includes('SECOND') && (first ??= node) === node) {
          node.agent.refuses = 'SECOND';
          node.agent.refusal = 'Failed to start: listen tcp 0.0.0.0:443: bind: address already in use';
        }
      };
    }
    await putConfig('SECOND');
    const refusing = await eventually(() => first);
    await eventually(
      () => nodes.filter((node) => node !== refusing).every((node) => runs(node, 'SECOND')),
      30_000,
    );
    expect((await shown(refusing)).message).toMatch(
      /^config v2 refused, running v1: .*address already in use/,
    );
  });
});

describe('several replicas', () => {
  it('share the places, and whoever follows an owner that died in the middle goes on', async () => {
    const other = await fleet.replica();
    const nodes = await connected(6);
    await eventually(async () => {
      const rows = await fleet.sql('SELECT DISTINCT owner_id FROM node_lease WHERE expires_at > now()');
      return rows.length === 2;
    }, 60_000);
    let inTheMiddle: FleetNode | undefined;
    let release: () => void = () => undefined;
    for (const node of nodes) {
      node.agent.beforeStart = async () => {
        if (inTheMiddle) return;
        inTheMiddle = node;
        await new Promise<void>((resolve) => (release = resolve));
      };
    }
    await putConfig('SECOND');
    const stuck = await eventually(() => inTheMiddle);
    // Its owner is thought dead, and comes to nothing any more.
    await fleet.sql(
      `WITH lost AS (UPDATE node_lease SET owner_id = NULL, epoch = epoch + 1, expires_at = '-infinity'
                      WHERE node_id = $1 RETURNING epoch)
       UPDATE node_runtime SET owner_epoch = lost.epoch FROM lost WHERE node_id = $1`,
      [stuck.id],
    );
    release();
    await eventually(() => nodes.every((node) => runs(node, 'SECOND')), 60_000);
    for (const { id } of nodes) await fleet.status(id, 'connected', 30_000);
    expect(nodes.filter((node) => node !== stuck).map(({ agent }) => agent.cores)).toEqual([2, 2, 2, 2, 2]);
    await other.close();
  });
});
