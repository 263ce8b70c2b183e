import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { BlackHole } from '../../support/black-hole.js';
import { eventually } from '../../support/eventually.js';
import { copies, TAGS } from '../../support/fake-fleet.js';

vi.setConfig({ testTimeout: 120_000 });

describe('a node whose packets are dropped', () => {
  let fleet: AgentFleet;
  let hole: BlackHole | undefined;

  beforeAll(async () => {
    fleet = await startAgentFleet();
  });
  afterAll(async () => {
    await hole?.end();
    await fleet?.close();
  });

  const facts = async (id: number) =>
    (
      await fleet.sql<{ failures: number; wait: number }>(
        `SELECT failures, extract(epoch FROM next_attempt_at - last_error_at)::float8 AS wait
           FROM node_runtime WHERE node_id = $1`,
        [id],
      )
    )[0]!;

  it('says so, is asked ever more seldom, holds up no other, and is back when it answers', async () => {
    const [lost, other] = [await fleet.agent(), await fleet.agent()];
    const otherId = await fleet.add(other);
    await fleet.status(otherId, 'connected');
    const lostId = await fleet.add(lost);
    await fleet.status(lostId, 'connected');
    await lost.shutDown();
    hole = await BlackHole.at(lost.port);
    const { message } = await fleet.status(lostId, 'error', 60_000);
    expect(message).toMatch(/ECONNREFUSED|cannot be reached|does not answer/);
    await eventually(async () => {
      const { message } = (await fleet.sudo.get(`/api/node/${lostId}`)).json;
      return (
        message ===
        `127.0.0.1:${lost.port} cannot be reached in 5 s; check address, port and firewall of the node`
      );
    }, 60_000);

    // Meanwhile users come and go on the other as ever.
    for (let i = 0; i < 5; i++) {
      const username = `guest_${i}`;
      const proxies = { vless: {}, vmess: {}, trojan: {}, shadowsocks: {} };
      await fleet.sudo.post('/api/user', { username, proxies });
      const [user] = await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [username]);
      const email = `${user!.id}.${username}`;
      await eventually(() => copies(other.fake!, email) === TAGS.length, 4_000); // less than one attempt at the lost one
    }
    expect(other.cores).toBe(1);
    expect((await fleet.sudo.get(`/api/node/${otherId}`)).json).toMatchObject({
      status: 'connected',
      message: null,
    });

    await eventually(async () => (await facts(lostId)).failures >= 4, 60_000);
    expect((await facts(lostId)).wait).toBeGreaterThan(3.5); // half of 8 s at least
    await hole.end();
    hole = undefined;
    await lost.restart();
    await fleet.status(lostId, 'connected', 60_000);
    expect(lost.fake!.size('VLESS')).toBe(5);
  });
});
