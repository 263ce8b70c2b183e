import { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fleetSamples, leasesHeld } from '../../../src/features/nodes/state/fleet-metrics.js';
import { FleetStateRepository } from '../../../src/features/nodes/state/fleet-state.repository.js';
import { fleetState } from '../../../src/features/nodes/state/fleet-state.js';
import type { FleetStateDto, NodeStateDto } from '../../../src/features/nodes/state/fleet-state.dto.js';
import { Ownership } from '../../../src/features/nodes/ownership/ownership.js';
import { ownVersion } from '../../../src/shared/own-version.js';
import type { ApiDocument } from '../../support/api-document.js';
import { type AgentFleet, startAgentFleet } from '../../support/agent-fleet.js';
import type { TestApp } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { CORE_CONFIG, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/;
/** Owners tell what they see when they renew their leases, every five seconds. */
const TOLD_MS = 20_000;

const read = async ({ sudo }: TestApp): Promise<FleetStateDto> => {
  const reply = await sudo.get('/api/nodes/state');
  expect(reply.status).toBe(200);
  return reply.json as FleetStateDto;
};
const find = async (app: TestApp, id: number): Promise<NodeStateDto | undefined> =>
  (await read(app)).nodes.find((node) => node.id === id);
/** The state of a node once it is so. */
const when = (app: TestApp, id: number, isSo: (node: NodeStateDto) => boolean | undefined) =>
  eventually(async () => {
    const node = (await find(app, id))!;
    if (!isSo(node)) throw new Error(`Not yet: ${JSON.stringify(node)}`);
    return node;
  }, TOLD_MS);
const reasons = ({ core_starts }: NodeStateDto) => core_starts.map(({ reason }) => reason);

describe('the state of nodes', { timeout: 60_000 }, () => {
  let fleet: FakeFleet;

  beforeAll(async () => {
    fleet = await startFakeFleet();
  });
  afterAll(() => fleet?.close());

  it('is told of one that works', async () => {
    const { id, node } = await fleet.addNode();
    const user = await fleet.addUser('seen');
    await when(fleet, id, (state) => state.status === 'connected' && state.last_poll_at !== null);
    node.core!.count(`${user}.seen`, 10n, 20n);
    const state = await when(fleet, id, (now) => now.users_seen === 1 && now.lag_changes === 0);
    const { version } = (
      await fleet.sql<{ version: number }>(`SELECT max(version)::int AS version FROM core_config`)
    )[0]!;
    const [replica] = (await read(fleet)).replicas;
    expect(state).toEqual({
      id,
      name: expect.stringMatching(/./),
      kind: 'marzban_node',
      status: 'connected',
      message: null,
      last_status_change: expect.stringMatching(TIME),
      xray_version: '26.3.27',
      owner_id: replica!.id,
      owner: hostname(),
      lease_epoch: 1,
      lease_age: expect.any(Number),
      lease_remaining: expect.any(Number),
      wanted_config_version: version,
      applied_config_version: version,
      running_config_version: version,
      config_refusals: 0,
      config_retry_at: null,
      generation: 1,
      applied_generation: 1,
      restart_generation: 1,
      applied_restart_generation: 1,
      lag_changes: 0,
      lag_seconds: 0,
      full_sync_needed: false,
      pending_users: 0,
      last_poll_at: expect.stringMatching(TIME),
      last_poll_age: expect.any(Number),
      failures: 0,
      next_attempt_at: null,
      last_error: null,
      last_error_at: null,
      core_started_at: expect.stringMatching(TIME),
      core_starts: [
        {
          at: expect.stringMatching(TIME),
          reason: 'not_running',
          xray_version: '26.3.27',
          config_version: version,
        },
      ],
      core_starts_by_reason: { not_running: 1 },
      certificate_sha256: null,
      certificate_pinned: false,
      api_tls: null,
      trusted_certificates_sha256: [],
      client_certificate_sha256: null,
      has_session: false,
      accounts: TAGS.length,
      account_operations: { added: TAGS.length, add_failed: 0, removed: 0, remove_failed: 0 },
      users_seen: 1,
      uplink_speed: 0,
      downlink_speed: 0,
    });
    expect(state.lease_remaining).toBeGreaterThan(0);
    expect(state.lease_remaining).toBeLessThanOrEqual(15);
    expect(state.last_poll_age).toBeLessThan(TOLD_MS / 1000);
  });

  it('tells how much goes through it now', async () => {
    const { id, node } = await fleet.addNode();
    await when(fleet, id, (state) => state.last_poll_at !== null);
    const goOn = setInterval(() => node.core?.countOutbound('DIRECT', 1_000n, 5_000n), 20);
    try {
      const { uplink_speed: up, downlink_speed: down } = await when(
        fleet,
        id,
        (state) => state.uplink_speed! > 0,
      );
      expect(Number(down)).toBeGreaterThan(Number(up));
    } finally {
      clearInterval(goOn);
    }
    await when(fleet, id, (state) => Number(state.uplink_speed) === 0);
  });

  it('tells of one that cannot be reached why, how often, and when it is tried again', async () => {
    const body = { name: 'dead', address: '127.0.0.1', port: 9, api_port: 9, add_as_new_host: false };
    const { id } = (await fleet.sudo.post('/api/node', body)).json;
    const state = await when(fleet, id, (now) => now.failures > 2 && now.next_attempt_at !== null);
    expect(state).toMatchObject({
      name: 'dead',
      kind: 'marzban_node',
      status: 'error',
      last_error: state.message,
      last_error_at: expect.stringMatching(TIME),
      xray_version: null,
      applied_config_version: null,
      pending_users: null,
      last_poll_at: null,
      last_poll_age: null,
      core_starts: [],
      core_starts_by_reason: {},
    });
    expect(state.message).toMatch(/127\.0\.0\.1:9/);
    expect(Date.parse(`${state.next_attempt_at}Z`)).toBeGreaterThan(
      Date.parse(`${(await read(fleet)).time}Z`) - 60_000,
    );
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    expect(await find(fleet, id)).toMatchObject({ status: 'disabled', message: null, next_attempt_at: null });
    expect((await find(fleet, id))!.last_error).toBe(state.last_error);
  });

  it('tells why each core was started', async () => {
    const { id, node } = await fleet.addNode();
    await when(fleet, id, (state) => state.status === 'connected');
    await node.core!.kill();
    await when(fleet, id, (state) => reasons(state)[0] === 'died');
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await when(fleet, id, (state) => reasons(state)[0] === 'operator' && state.status === 'connected');
    await fleet.sql(
      `UPDATE node_runtime SET core_started_lo = now() - interval '1 hour', core_started_hi = core_started_lo
        WHERE node_id = $1`,
      [id],
    );
    await node.start(JSON.stringify(CORE_CONFIG)); // by somebody else; it has not our marker
    const state = await when(fleet, id, (now) => now.core_starts.length === 5);
    expect(reasons(state)).toEqual(['config', 'found', 'operator', 'died', 'not_running']);
    expect(state.core_starts[1]).toMatchObject({ config_version: null, xray_version: '26.3.27' });
    expect(state.core_starts_by_reason).toEqual({
      not_running: 1,
      died: 1,
      operator: 1,
      found: 1,
      config: 1,
    });
    expect(state.last_error).toBe('Xray ended by itself');
  });

  it('keeps the last twenty starts of each node, and counts all', async () => {
    const { id } = await fleet.addNode();
    const { id: other } = await fleet.addNode();
    await when(fleet, id, (state) => state.status === 'connected');
    await when(fleet, other, (state) => state.status === 'connected');
    await fleet.sql(
      `WITH before AS (UPDATE node_runtime SET core_epoch = 30, core_starts = '{"died": 29, "config": 1}'
                        WHERE node_id = $1 RETURNING node_id)
       INSERT INTO node_core_start (node_id, core_epoch, reason, xray_version)
       SELECT node_id, epoch, 'died', 'old' FROM before, generate_series(2, 30) epoch`,
      [id],
    );
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    const state = await when(fleet, id, (now) => reasons(now)[0] === 'operator');
    expect(state.core_starts).toHaveLength(20);
    expect(state.core_starts_by_reason).toEqual({ died: 29, config: 1, operator: 1 });
    expect((await find(fleet, other))!.core_starts).toHaveLength(1);
  });

  it('reads starts anew when there are others, or the database is another one', async () => {
    const { id } = await fleet.addNode();
    await when(fleet, id, (state) => reasons(state).length === 1);
    const query = vi.spyOn(pg.Client.prototype, 'query');
    for (let i = 0; i < 3; i++) expect((await find(fleet, id))!.core_starts).toHaveLength(1);
    const asked = query.mock.calls.flatMap(([statement]) => (statement as { name?: string }).name ?? []);
    query.mockRestore();
    expect(asked.filter((name) => name === 'fleet_nodes')).toHaveLength(3);
    expect(asked).not.toContain('fleet_core_starts');
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    await when(fleet, id, (state) => reasons(state).join() === 'operator,not_running');
    await fleet.sql(`UPDATE node_core_start SET reason = 'died' WHERE node_id = $1`, [id]);
    await fleet.sql('UPDATE control_meta SET outbox_id = gen_random_uuid()');
    await when(fleet, id, (state) => reasons(state).join() === 'died,died');
  });

  it('tells of a refused config which runs, and when the other is tried again', async () => {
    const { id, node } = await fleet.addNode();
    const before = await when(fleet, id, (state) => state.status === 'connected');
    node.refuses = '31524';
    const inbounds = CORE_CONFIG.inbounds.map((inbound) => ({ ...inbound, port: inbound.port + 523 }));
    await fleet.sudo.put('/api/core/config', { ...CORE_CONFIG, inbounds });
    const state = await when(fleet, id, (now) => now.config_refusals > 0 && now.status === 'error');
    const wanted = Number(before.wanted_config_version) + 1;
    expect(state).toMatchObject({
      wanted_config_version: wanted,
      applied_config_version: wanted,
      running_config_version: before.wanted_config_version,
      config_retry_at: expect.stringMatching(TIME),
      last_error: state.message,
    });
    expect(reasons(state)[0]).toBe('refused');
    expect(state.core_starts[0]!.config_version).toBe(before.wanted_config_version);
    node.refuses = undefined;
    await fleet.sudo.post(`/api/node/${id}/reconnect`);
    const after = await when(fleet, id, (now) => now.status === 'connected');
    expect(after).toMatchObject({
      running_config_version: wanted,
      config_refusals: 0,
      config_retry_at: null,
    });
  });

  it('tells how far one is behind', async () => {
    const { id, node } = await fleet.addNode();
    await when(fleet, id, (state) => state.status === 'connected' && state.lag_changes === 0);
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    node.beforeStart = () => held;
    await node.core!.kill();
    await when(fleet, id, (state) => state.status === 'error');
    for (const name of ['late1', 'late2', 'late3']) await fleet.addUser(name);
    const state = await when(fleet, id, (now) => now.pending_users === null && now.lag_seconds! > 0.01);
    expect(state).toMatchObject({ lag_changes: 3, full_sync_needed: false });
    node.beforeStart = async () => undefined;
    goOn();
    await when(fleet, id, (now) => now.lag_changes === 0 && now.lag_seconds === 0 && now.pending_users === 0);
  });

  it('tells how many users the owner cannot bring up to date', async () => {
    const { id, node } = await fleet.addNode();
    await when(fleet, id, (state) => state.status === 'connected' && state.pending_users === 0);
    node.core!.failNext('AlterInbound', 'refuse', 1_000_000);
    await fleet.addUser('stuck1');
    await fleet.addUser('stuck2');
    await when(
      fleet,
      id,
      (state) =>
        state.pending_users === 2 && state.lag_changes! >= 1 && state.account_operations!.add_failed! > 0,
    );
    await node.core!.kill();
    await when(fleet, id, (state) => state.pending_users === 0 && state.lag_changes === 0);
  });

  it('is shown of disabled nodes, and not of deleted ones', async () => {
    const { id } = await fleet.addNode();
    await when(fleet, id, (state) => state.status === 'connected');
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    const state = await when(fleet, id, (now) => now.owner === null);
    expect(state).toMatchObject({
      status: 'disabled',
      generation: state.applied_generation,
      owner_id: null,
      lease_age: null,
      lease_remaining: null,
      lag_changes: null,
      lag_seconds: null,
      pending_users: null,
      accounts: null,
      account_operations: null,
      users_seen: null,
      uplink_speed: null,
      downlink_speed: null,
      core_starts: [expect.objectContaining({ reason: 'not_running' })],
    });
    await fleet.sudo.delete(`/api/node/${id}`);
    expect(await find(fleet, id)).toBeUndefined();
  });

  it('tells of a kind of node that nobody can work on', async () => {
    await fleet.sql(`INSERT INTO nodes (kind, name, address) VALUES ('pg_node', 'foreign', 'fake')`);
    const { id } = (await read(fleet)).nodes.find(({ name }) => name === 'foreign')!;
    const state = await when(fleet, id, (now) => now.status === 'error');
    expect(state).toMatchObject({
      kind: 'pg_node',
      owner: null,
      lease_epoch: 0,
      full_sync_needed: true,
      lag_changes: null,
    });
  });

  it('is told of the cores of the service itself', async () => {
    await fleet.sql(
      `INSERT INTO nodes (kind, name, address, data_dir_id) VALUES ('local', 'Master', '127.0.0.1', gen_random_uuid())`,
    );
    const master = (await read(fleet)).nodes.find(({ kind }) => kind === 'local');
    expect(master).toMatchObject({ name: 'Master', owner: null, lag_changes: null });
  });

  it('is for sudo admins alone, and in the API document', async () => {
    expect((await fleet.client().get('/api/nodes/state')).status).toBe(401);
    await fleet.sudo.post('/api/admin', { username: 'reseller', password: 'secret', is_sudo: false });
    const token = await fleet.login('reseller', 'secret');
    expect((await fleet.client(token).get('/api/nodes/state')).status).toBe(403);
    const { components } = (await fleet.client().get('/openapi.json')).json as ApiDocument;
    const { nodes, replicas } = await read(fleet);
    for (const [name, value] of Object.entries({ NodeState: nodes[0]!, ReplicaState: replicas[0]! })) {
      expect(Object.keys(components.schemas[name]!.properties!).toSorted()).toEqual(
        Object.keys(value).toSorted(),
      );
    }
  });

  it('is told of replicas, and of who works on what', async () => {
    const other = await fleet.replica();
    const state = await eventually(async () => {
      const { nodes, replicas } = await read(fleet);
      const owned = (id: string) => nodes.filter(({ owner_id }) => owner_id === id).length;
      const isShared =
        replicas.length === 2 && replicas.every(({ id, leases }) => leases > 0 && owned(id) === leases);
      return isShared && { nodes, replicas };
    }, 60_000);
    expect(state.replicas).toEqual(
      [1, 2].map(() => ({
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        name: hostname(),
        version: ownVersion(),
        role: 'all',
        started_at: expect.stringMatching(TIME),
        heartbeat_age: expect.any(Number),
        alive: true,
        draining: false,
        leases: expect.any(Number),
      })),
    );
    // What operators see, metrics say too.
    const facts = fleetState(await fleet.app.get(FleetStateRepository, { strict: false }).read());
    expect(fleetSamples(facts)).toContainEqual({ name: 'margrave_replicas', labels: {}, value: 2 });
    const held = facts.replicas.map(({ id }) => leasesHeld(facts, id).value);
    expect(held.reduce((sum, leases) => sum + leases, 0)).toBe(
      facts.nodes.filter(({ lease }) => lease).length,
    );

    await other.close();
    expect((await read(fleet)).replicas).toHaveLength(1);
    await fleet.sql(
      `INSERT INTO replica (id, name, heartbeat_at, draining) VALUES (gen_random_uuid(), 'gone', now() - interval '1 minute', true)`,
    );
    const gone = (await read(fleet)).replicas.find(({ name }) => name === 'gone');
    expect(gone).toMatchObject({ version: null, role: 'all', alive: false, draining: true, leases: 0 });
    expect(gone!.heartbeat_age).toBeGreaterThanOrEqual(60);
  }, 90_000);

  it('is told of a replica that only answers requests, to which nobody leaves a share', async () => {
    const leases = async () => (await read(fleet)).replicas.find(({ role }) => role === 'all')!.leases;
    const wanted = async () => (await read(fleet)).nodes.filter(({ status }) => status !== 'disabled').length;
    await fleet.addNode();
    await eventually(async () => (await leases()) === (await wanted()), TOLD_MS);
    const panel = await fleet.replica({ role: 'api' });
    const ofPanel = async () => (await read(panel)).replicas.find(({ role }) => role === 'api');
    expect(await ofPanel()).toMatchObject({ alive: true, draining: false, leases: 0 });
    const { heartbeat_age: age } = (await ofPanel())!;
    await eventually(async () => (await ofPanel())!.heartbeat_age < age, TOLD_MS); // it beats
    expect(await leases()).toBe(await wanted());
    await panel.close();
    expect((await read(fleet)).replicas.map(({ role }) => role)).not.toContain('api');
  });

  it('is empty of owners once all replicas have gone', async () => {
    const { id } = await fleet.addNode();
    await when(fleet, id, (state) => state.status === 'connected' && state.users_seen !== null);
    await fleet.app.get(Ownership, { strict: false }).handOver();
    const { nodes, replicas } = await read(fleet);
    expect(replicas.filter(({ alive, draining }) => alive && !draining)).toEqual([]);
    expect(nodes.flatMap(({ owner_id }) => owner_id ?? [])).toEqual([]);
    expect(nodes.find((node) => node.id === id)).toMatchObject({
      status: 'connected', // as far as anybody knows
      last_poll_at: expect.stringMatching(TIME),
      pending_users: null,
      users_seen: null,
    });
  });
});

describe("the state of nodes with Marzban's agent", () => {
  let fleet: AgentFleet;

  beforeAll(async () => {
    fleet = await startAgentFleet();
  });
  afterAll(() => fleet?.close());

  it('tells of the session, and of the certificate by which the node is known', async () => {
    const agent = await fleet.agent();
    const id = await fleet.add(agent);
    await fleet.status(id, 'connected');
    const { fingerprint256 } = new X509Certificate(agent.certificate.certificate);
    expect(await find(fleet, id)).toMatchObject({
      kind: 'marzban_node',
      has_session: true,
      certificate_sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
      certificate_pinned: true,
    });
    await fleet.sudo.put(`/api/node/${id}`, { address: 'localhost' });
    expect(await find(fleet, id)).toMatchObject({ generation: 2 });
  });
});
