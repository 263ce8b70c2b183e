import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { XrayClient } from '../../../src/xray/grpc/index.js';
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
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const { jobs } = testConfig();
    const inbound = {
      tag: 'A',
      listen: '127.0.0.1',
      port: await freePort(),
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
  afterAll(() => fleet?.close());

  const start = async () => {
    core = await BareXray.create(xray!.path);
    closing.push(() => core.close());
    await core.start((await fleet.sudo.get('/api/core/config/elsewhere')).json);
  };
  const add = (apiPort = core.apiPort) =>
    fleet.add({ port: 1, apiPort }, { kind: 'xray_grpc', api_tls: 'off' });
  const addUser = async (username: string) => {
    const reply = await fleet.sudo.post('/api/user', { username, proxies: { vless: {} } });
    expect(reply.status).toBe(200);
    const [row] = await fleet.sql<{ id: number }>('SELECT id FROM users WHERE username = $1', [username]);
    return { id: row!.id, email: `${row!.id}.${username}` };
  };
  const has = (...expected: string[]) =>
    eventually(async () => {
      const client = new XrayClient(`127.0.0.1:${core.apiPort}`);
      try {
        expect((await client.listUsers('A')).map(({ email }) => email).toSorted()).toEqual(
          expected.toSorted(),
        );
      } finally {
        client.close();
      }
      return true;
    }, PATIENCE_MS);
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
});
