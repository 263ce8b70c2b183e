import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FakeMarzbanNode } from '../../fakes/fake-marzban-node.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import { testConfig } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { copies, CORE_CONFIG, TAGS } from '../../support/fake-fleet.js';
import { openLog } from '../../support/log-socket.js';
import { v1Certificate } from '../../support/v1-certificate.js';

/** Failures are waited out, whose backoff grows. */
vi.setConfig({ testTimeout: 120_000 });

let fleet: AgentFleet;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'margrave-tls-'));
  const { certificate, key } = v1Certificate('proxy.example');
  writeFileSync(join(folder, 'cert.pem'), certificate);
  writeFileSync(join(folder, 'key.pem'), key);
  const certificates = [{ certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }];
  const [first, ...others] = CORE_CONFIG.inbounds;
  const streamSettings = { network: 'tcp', security: 'tls', tlsSettings: { certificates } };
  fleet = await startAgentFleet({}, { ...CORE_CONFIG, inbounds: [{ ...first, streamSettings }, ...others] });
});
afterAll(async () => {
  await fleet?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function connected(): Promise<{ id: number; agent: FakeMarzbanNode }> {
  const agent = await fleet.agent();
  const id = await fleet.add(agent);
  await fleet.status(id, 'connected');
  return { id, agent };
}

const addUser = async (username: string) => {
  const proxies = { vless: {}, vmess: {}, trojan: {}, shadowsocks: {} };
  const reply = await fleet.sudo.post('/api/user', { username, proxies });
  expect(reply.status).toBe(200);
  const [row] = await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [username]);
  return `${row!.id}.${username}`;
};

/** How often agents were told to do what cuts off users. */
const cuts = (agent: FakeMarzbanNode) =>
  ['/connect', '/start', '/restart', '/stop', '/disconnect'].map((path) => agent.count(path));

describe('a Marzban-node', () => {
  it('whose agent cannot be reached to restart it goes on with users and traffic, and is restarted later', async () => {
    const { id, agent } = await connected();
    await agent.hide();
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    expect((await fleet.status(id, 'error')).message).toMatch(
      /^connect ECONNREFUSED .*does Marzban-node run there/,
    );
    const email = await addUser('gus');
    await eventually(() => copies(agent.fake!, email) === TAGS.length);
    agent.fake!.count(email, 5n, 0n);
    await eventually(async () => {
      const rows = await fleet.sql(
        `SELECT FROM user_usage JOIN users ON id = user_id JOIN node_runtime ON node_id = $1
          WHERE username = 'gus' AND used_traffic = 5 AND failures > 0`,
        [id],
      );
      return rows.length === 1;
    }, 60_000);
    expect(agent.cores).toBe(1);
    await agent.back();
    await eventually(() => agent.cores === 2, 90_000);
    await fleet.status(id, 'connected');
  });

  it('is connected, and given a config that its agent can use', async () => {
    const { id, agent } = await connected();
    expect((await fleet.sudo.get(`/api/node/${id}`)).json).toMatchObject({
      xray_version: '26.3.27',
      message: null,
    });
    expect(cuts(agent)).toEqual([1, 1, 0, 0, 0]);
    const [{ config, session_id: session }] = agent.starts as unknown as [
      { config: string; session_id: string },
    ];
    expect(session).toBe(agent.session);
    const given = JSON.parse(config);
    expect(given).not.toHaveProperty('api');
    expect(given.inbounds.map(({ tag }: { tag: string }) => tag)).toEqual([...TAGS]);
    expect(given.routing).toEqual({ rules: [] });
    expect(given.policy).toMatchObject({
      levels: { 0: { statsUserUplink: true, statsUserDownlink: true } },
      system: { statsOutboundUplink: true, statsOutboundDownlink: true },
    });
    const [{ certificate, key, ...others }] = given.inbounds[0].streamSettings.tlsSettings.certificates;
    expect([certificate[0], key[0], others]).toEqual([
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN PRIVATE KEY-----',
      {},
    ]);
  });

  it('has users at once, is charged for, and loses them', async () => {
    const { agent } = await connected();
    const email = await addUser('ann');
    await eventually(() => copies(agent.fake!, email) === TAGS.length);
    agent.fake!.count(email, 1_000n, 234n);
    await eventually(async () => (await fleet.sudo.get('/api/user/ann')).json.used_traffic === 1_234);
    await fleet.sudo.delete('/api/user/ann');
    await eventually(() => copies(agent.fake!, email) === 0);
    expect(cuts(agent)).toEqual([1, 1, 0, 0, 0]);
  });

  it('is restarted within its session for another config and for an operator', async () => {
    const { id, agent } = await connected();
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await eventually(() => agent.count('/restart') === 1);
    await fleet.status(id, 'connected');
    expect(cuts(agent)).toEqual([1, 1, 1, 0, 0]);
  });

  it('whose core is there all of a sudden is restarted', async () => {
    const agent = await fleet.agent();
    // It has come between the question whether one runs and the start.
    agent.intercept = (request, response) => {
      if (request.url !== '/start') return false;
      request.resume().once('end', () => {
        response.writeHead(503, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ detail: 'Xray is started already' }));
      });
      return true;
    };
    const id = await fleet.add(agent);
    await fleet.status(id, 'connected');
    expect(agent.calls.filter((path) => path.endsWith('start'))).toEqual(['/start', '/restart']);
  });

  it('keeps its core and session when the service is replaced, however it ends', async () => {
    const { id, agent } = await connected();
    const before = cuts(agent);
    await fleet.sql(`UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`, [
      id,
    ]);
    const email = await addUser('ben'); // is heard of by the next owner
    await eventually(() => copies(agent.fake!, email) === TAGS.length, 20_000);
    const successor = await fleet.replica();
    await eventually(async () => {
      await fleet.sql(`UPDATE node_lease SET expires_at = '-infinity' WHERE node_id = $1`, [id]);
      const [lease] = await fleet.sql<{ owner_id: string }>(
        'SELECT owner_id FROM node_lease WHERE node_id = $1',
        [id],
      );
      return lease!.owner_id !== null && agent.isStarted;
    });
    await successor.close();
    await fleet.status(id, 'connected');
    expect(cuts(agent)).toEqual(before);
  });

  it('gets a new session when its agent was started anew', async () => {
    const { id, agent } = await connected();
    await agent.restart();
    await eventually(() => agent.count('/start') === 2, 60_000);
    await fleet.status(id, 'connected');
    expect(cuts(agent)).toEqual([2, 2, 0, 0, 0]);
    const [row] = await fleet.sql<{ id: string }>(
      'SELECT session_id AS id FROM node_runtime WHERE node_id = $1',
      [id],
    );
    expect(row!.id).toBe(agent.session);
  });

  it('whose core died is started again in its session', async () => {
    const { id, agent } = await connected();
    await agent.core!.kill();
    await eventually(() => agent.count('/start') === 2, 60_000);
    await fleet.status(id, 'connected');
    expect(agent.count('/connect')).toBe(1);
  });

  it('that another panel took is left to it until an operator wants it back', async () => {
    const { id, agent } = await connected();
    await agent.isTakenBy(JSON.stringify({ inbounds: [], outbounds: [] }));
    // First it may only be seen that the core is gone.
    const message = async () => (await fleet.status(id, 'error', 60_000)).message as string;
    await eventually(async () => (await message()).includes('another panel has taken this node'), 60_000);
    // It is asked now and then, ever more seldom, and nothing is done to it.
    const failures = async () =>
      (
        await fleet.sql<{ failures: number }>('SELECT failures FROM node_runtime WHERE node_id = $1', [id])
      )[0]!.failures;
    await eventually(async () => (await failures()) >= 3, 60_000);
    expect(cuts(agent)).toEqual([1, 1, 0, 0, 0]);
    expect(agent.isStarted).toBe(true);
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await fleet.status(id, 'connected', 60_000);
    expect(agent.count('/connect')).toBe(2);
  });

  it('that another panel took is not stopped when it is disabled or deleted here', async () => {
    const { id, agent } = await connected();
    await agent.isTakenBy(JSON.stringify({ inbounds: [], outbounds: [] }));
    await fleet.status(id, 'error', 60_000);
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    await eventually(async () => {
      const [lease] = await fleet.sql<{ free: boolean }>(
        'SELECT expires_at < now() AS free FROM node_lease WHERE node_id = $1',
        [id],
      );
      return lease!.free;
    });
    await fleet.sudo.delete(`/api/node/${id}`);
    expect([agent.count('/disconnect'), agent.isStarted]).toEqual([0, true]);
  });

  it('is told to end its core when it is disabled, and is connected when it is enabled', async () => {
    const { id, agent } = await connected();
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    await eventually(() => agent.count('/disconnect') === 1 && !agent.isStarted);
    await fleet.sudo.put(`/api/node/${id}`, {});
    await fleet.status(id, 'connected');
    expect(agent.isStarted).toBe(true);
  });

  it('keeps the last good config when it refuses another, and says what it has against it', async () => {
    const agent = await fleet.agent();
    agent.refusal = 'Failed to start: main: no luck today';
    const id = await fleet.add(agent);
    expect((await fleet.status(id, 'error')).message).toContain('Failed to start: main: no luck today');
    agent.refusal = undefined;
    await fleet.status(id, 'connected', 60_000);
  });

  it('is waited for when the ports of its old core are still in use', async () => {
    const agent = await fleet.agent();
    agent.refusal = 'Failed to start: listen tcp 0.0.0.0:443: bind: address already in use';
    agent.intercept = ({ url }) => {
      if (url === '/' && agent.starts.length === 1) agent.refusal = undefined;
      return false;
    };
    const id = await fleet.add(agent);
    await fleet.status(id, 'connected');
    expect(agent.starts.map(({ path }) => path)).toEqual(['/start', '/start']);
  });
});

describe('the certificate of a Marzban-node', () => {
  it('is remembered, and another one gets no config until an operator accepts it', async () => {
    const { id, agent } = await connected();
    const pinned = async () =>
      (await fleet.sql<{ pem: string }>('SELECT server_cert_pem AS pem FROM nodes WHERE id = $1', [id]))[0]!
        .pem;
    expect((await pinned()).trim()).toBe(agent.certificate.certificate.trim());
    agent.certificate = v1Certificate();
    agent.calls.length = 0;
    await agent.restart();
    const { message } = await fleet.status(id, 'error', 60_000);
    expect(message).toMatch(
      /certificate of the node changed \(SHA-256 [\da-f]{16}… → [\da-f]{16}… at 127.0.0.1:\d+\); .*disable and enable/,
    );
    expect(agent.calls).toEqual([]);
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    await fleet.sudo.put(`/api/node/${id}`, { status: 'connected' });
    await fleet.status(id, 'connected', 60_000);
    expect((await pinned()).trim()).toBe(agent.certificate.certificate.trim());
  });
});

describe('a Marzban-node of which no certificate is remembered', () => {
  it('is trusted whatever it shows', async () => {
    const trusting = await startAgentFleet({ nodes: { ...testConfig().nodes, certPin: 'always-trust' } });
    try {
      const agent = await trusting.agent();
      const id = await trusting.add(agent);
      await trusting.status(id, 'connected');
      agent.certificate = v1Certificate();
      await agent.restart();
      await eventually(() => agent.isStarted, 60_000);
      await trusting.status(id, 'connected', 60_000);
      const [row] = await trusting.sql('SELECT server_cert_pem AS pem FROM nodes WHERE id = $1', [id]);
      expect(row).toEqual({ pem: null });
    } finally {
      await trusting.close();
    }
  });
});

describe('the log of a Marzban-node', () => {
  it('is read in the stored session, and told once when it is opened again', async () => {
    const { id, agent } = await connected();
    for (let i = 0; i < 150; i++) agent.write(`line ${i}`);
    const token = await fleet.login('root', 'correct horse battery');
    const log = await openLog(fleet.url, `/api/node/${id}/logs`, token);
    expect(await log.received(100)).toEqual(Array.from({ length: 100 }, (_, i) => `line ${50 + i}`));
    agent.write('line 150');
    expect((await log.received(101)).at(-1)).toBe('line 150');
    agent.breakLogs();
    agent.write('line 151');
    expect((await log.received(102)).slice(100)).toEqual(['line 150', 'line 151']);
    expect([agent.count('/logs'), agent.count('/connect')]).toEqual([2, 1]);
    log.socket.close();
  });
});
