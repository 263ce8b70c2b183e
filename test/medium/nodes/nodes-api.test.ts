import { X509Certificate, createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeIdentity } from '../../../src/features/nodes/identity/node-identity.js';
import { NodesRepository } from '../../../src/features/nodes/nodes.repository.js';
import { SecretStore } from '../../../src/shared/secrets/secret-store.js';
import type { TestClient } from '../../support/app.js';
import { eventually } from '../../support/eventually.js';
import { selfSigned } from '../../support/certificates.js';
import { byField, type Fleet, type Issue, issues, startFleet } from '../../support/user-fleet.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet?.close());
beforeEach(() => fleet.sql('DELETE FROM nodes'));

const create = (more: object = {}, client = fleet.sudo) =>
  client.post('/api/node', { name: 'DE', address: '192.0.2.1', add_as_new_host: false, ...more });
const add = async (more: object = {}): Promise<number> => (await create(more)).json.id as number;
const read = async (id: number) => (await fleet.sudo.get(`/api/node/${id}`)).json;
const show = (id: number, status: string, more: { version?: string; message?: string } = {}) =>
  fleet.sql('UPDATE nodes SET status = $2, xray_version = $3, message = $4 WHERE id = $1', [
    id,
    status,
    more.version ?? null,
    more.message ?? null,
  ]);
const generations = async (id: number) =>
  (
    await fleet.sql(
      'SELECT generation::int AS connection, restart_generation::int AS restart FROM nodes WHERE id = $1',
      [id],
    )
  )[0];

describe('a new node', () => {
  it('is told in the words clients know, and waits to be connected', async () => {
    const reply = await create();
    expect(reply.status).toBe(200);
    expect(reply.text).toBe(
      `{"name":"DE","address":"192.0.2.1","port":62050,"api_port":62051,"usage_coefficient":1,` +
        `"id":${reply.json.id},"xray_version":null,"status":"connecting","message":null}`,
    );
  });

  it('keeps what it was given', async () => {
    const given = { name: '', address: 'node.example', port: '1', api_port: 65535, usage_coefficient: 1.5 };
    const id = await add(given);
    expect(await read(id)).toMatchObject({ ...given, port: 1, id });
  });

  it('does not wait for ever where there is no way to connect to it', async () => {
    const id = await add();
    await fleet.sql(`UPDATE nodes SET kind = 'pg_node' WHERE id = $1`, [id]);
    const node = await eventually(async () => {
      const found = await read(id);
      return found.status === 'error' && found;
    });
    expect(node).toMatchObject({
      xray_version: null,
      message: 'This version of the service cannot connect to nodes of the kind pg_node',
    });
  });

  it('needs a name of its own, in the same letters', async () => {
    const id = await add({ name: 'a"b' });
    const taken = await create({ name: 'a"b' });
    expect([taken.status, taken.json]).toEqual([409, { detail: 'Node "a"b" already exists' }]);
    expect((await create({ name: 'A"B' })).status).toBe(200);
    await fleet.sudo.delete(`/api/node/${id}`);
    expect((await create({ name: 'a"b' })).status).toBe(200);
  });

  it('is made once by two who ask at once', async () => {
    const replies = await Promise.all([create(), create(), create()]);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    expect((await fleet.sudo.get('/api/nodes')).json).toHaveLength(1);
  });

  it.each([
    [{ name: undefined }, 'body.name missing: Field required'],
    [{ name: 5 }, 'body.name string_type: Input should be a valid string'],
    [{ name: 'a\nb' }, 'body.name value_error: Value error, must not hold control characters'],
    [{ address: 'a\u0007' }, 'body.address value_error: Value error, must not hold control characters'],
    ...['', ' ', '//'].map((address): [object, string] => [
      { address },
      'body.address value_error: Value error, must not be empty',
    ]),
    ...[5e-324, 1e300].map((factor): [object, string] => [
      { usage_coefficient: factor },
      'body.usage_coefficient value_error: Value error, must lie between 0.000001 and 10000',
    ]),
    [{ address: null }, 'body.address string_type: Input should be a valid string'],
    [{ port: null }, 'body.port int_type: Input should be a valid integer'],
    [{ port: 65536 }, 'body.port less_than_equal: Input should be less than or equal to 65535'],
    [{ api_port: 0 }, 'body.api_port greater_than_equal: Input should be greater than or equal to 1'],
    [{ usage_coefficient: 0 }, 'body.usage_coefficient greater_than: Input should be greater than 0'],
    [{ usage_coefficient: -1 }, 'body.usage_coefficient greater_than: Input should be greater than 0'],
    [{ add_as_new_host: null }, 'body.add_as_new_host bool_type: Input should be a valid boolean'],
  ])('is refused with %j', async (more, issue) => {
    const reply = await create(more);
    expect([reply.status, issues(reply)]).toEqual([422, [issue]]);
    expect((await fleet.sudo.get('/api/nodes')).json).toEqual([]);
  });
});

describe('a new Xray that somebody else runs', () => {
  const bare = (more: object = {}) =>
    create({ kind: 'xray_grpc', address: '127.0.0.5', api_tls: 'off', ...more });
  const access = async (id: number) =>
    (
      await fleet.sql(
        `SELECT kind, api_tls AS tls, api_server_name AS name, api_ca_certificate AS ca,
                api_client_certificate AS certificate FROM nodes WHERE id = $1`,
        [id],
      )
    )[0];
  const secret = async (id: number) => {
    const store = fleet.app.get(SecretStore, { strict: false });
    return store.find(`node_client_key_${id}`);
  };

  it('is told as any other node, its kind by the state of all', async () => {
    const reply = await bare();
    expect(Object.keys(reply.json)).toEqual(Object.keys((await create({ name: 'AT' })).json));
    const { nodes } = (await fleet.sudo.get('/api/nodes/state')).json;
    expect((nodes as { kind: string }[]).map(({ kind }) => kind)).toEqual(['xray_grpc', 'marzban_node']);
    expect(await access(reply.json.id)).toEqual({
      kind: 'xray_grpc',
      tls: 'off',
      name: null,
      ca: null,
      certificate: null,
    });
  });

  it('is told with whom it trusts, and what it is shown, by the state of all', async () => {
    const [authority, own, client] = await Promise.all(['a', 'b', 'c'].map((name) => selfSigned(name)));
    const sha256 = ({ certificate }: { certificate: string }) =>
      new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
    await bare();
    const trust = {
      api_tls: 'verify',
      api_ca_certificate: `Of the authority:\n${authority!.certificate}\n${own!.certificate}`,
      api_client_certificate: client!.certificate,
      api_client_key: client!.key,
    };
    expect((await bare({ name: 'AT', ...trust })).status).toBe(200);
    await create({ name: 'agent' });
    const { nodes } = (await fleet.sudo.get('/api/nodes/state')).json as { nodes: object[] };
    const none = { trusted_certificates_sha256: [], client_certificate_sha256: null };
    expect(nodes).toMatchObject([
      { api_tls: 'off', ...none },
      {
        api_tls: 'verify',
        trusted_certificates_sha256: [sha256(authority!), sha256(own!)],
        client_certificate_sha256: sha256(client!),
      },
      { api_tls: null, ...none },
    ]);
  });

  it('keeps how it is reached, and its key as a secret that nobody is told', async () => {
    const [own, other] = await Promise.all([selfSigned('panel'), selfSigned('other')]);
    const pair = { api_client_certificate: own.certificate, api_client_key: own.key };
    const given = {
      api_tls: 'verify',
      api_server_name: 'core',
      api_ca_certificate: other.certificate,
      ...pair,
    };
    const reply = await bare(given);
    const { id } = reply.json as { id: number };
    expect(await access(id)).toEqual({
      kind: 'xray_grpc',
      tls: 'verify',
      name: 'core',
      ca: other.certificate,
      certificate: own.certificate,
    });
    expect(await secret(id)).toBe(own.key);
    const stored = await fleet.sql<{ value: string }>(
      `SELECT value FROM secrets WHERE name = 'node_client_key_' || $1::int`,
      [id],
    );
    expect(stored[0]!.value).toMatch(/^[0-9a-f]+:enc1$/);
    for (const path of [`/api/node/${id}`, '/api/nodes', '/api/nodes/state'])
      expect((await fleet.sudo.get(path)).text).not.toContain('PRIVATE KEY');
    expect(reply.text).not.toContain('PRIVATE KEY');

    const before = await generations(id);
    await fleet.sudo.put(`/api/node/${id}`, {
      api_client_certificate: other.certificate,
      api_client_key: other.key,
    });
    expect(await secret(id)).toBe(other.key);
    expect((await generations(id))!.connection).toBe((before!.connection as number) + 1);
    await fleet.sudo.put(`/api/node/${id}`, { api_server_name: '', api_ca_certificate: null });
    expect(await access(id)).toMatchObject({ name: null, ca: other.certificate });
    await fleet.sudo.put(`/api/node/${id}`, { api_client_certificate: '', api_client_key: '' });
    expect([await secret(id), (await access(id))!.certificate]).toEqual([undefined, null]);

    await fleet.sudo.put(`/api/node/${id}`, pair);
    await fleet.sudo.delete(`/api/node/${id}`);
    expect(await secret(id)).toBe(own.key); // its owner has to take the users off
    await fleet.sql("UPDATE nodes SET deleted_at = now() - interval '11 minutes' WHERE id = $1", [id]);
    await fleet.app.get(NodesRepository, { strict: false }).forgetDeleted();
    expect(await secret(id)).toBeUndefined();
  });

  const NO_PEM = 'Value error, must hold certificates in PEM';
  const ONLY_BARE = 'Value error, is for nodes of the kind xray_grpc only';
  it.each<[object, string, string]>([
    [{ kind: 'local' }, 'kind', "Input should be 'marzban_node' or 'xray_grpc'"],
    [{ kind: 'pg_node' }, 'kind', "Input should be 'marzban_node' or 'xray_grpc'"],
    [{ kind: null }, 'kind', "Input should be 'marzban_node' or 'xray_grpc'"],
    [{ kind: 'marzban_node' }, 'api_tls', ONLY_BARE],
    [{ kind: 'marzban_node', api_tls: 'verify', api_server_name: 'x' }, 'api_server_name', ONLY_BARE],
    [{ api_tls: 'tofu' }, 'api_tls', "Input should be 'verify' or 'off'"],
    [
      { address: '203.0.113.9' },
      'api_tls',
      'Value error, must not be off for the public address 203.0.113.9: whoever is on the way there could command that Xray',
    ],
    [
      { address: '[2001:db8::1]' },
      'api_tls',
      'Value error, must not be off for the public address 2001:db8::1: whoever is on the way there could command that Xray',
    ],
    [{ api_ca_certificate: 'x' }, 'api_ca_certificate', NO_PEM],
    [
      { api_ca_certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      'api_ca_certificate',
      NO_PEM,
    ],
    [{ api_client_certificate: 'x', api_client_key: '' }, 'api_client_certificate', NO_PEM],
    [
      { api_client_key: 'x' },
      'api_client_key',
      'Value error, must be a private key in PEM, without a passphrase',
    ],
    [{ api_server_name: 'a\nb' }, 'api_server_name', 'Value error, must not hold control characters'],
  ])('is refused with %j', async (more, field, text) => {
    const reply = await bare(more);
    expect([reply.status, byField(reply.json.detail as Issue[])]).toEqual([422, { [field]: text }]);
    expect((await fleet.sudo.get('/api/nodes')).json).toEqual([]);
  });

  it('is refused with half of a pair, or halves of two', async () => {
    const [own, other] = await Promise.all([selfSigned('panel'), selfSigned('other')]);
    const together =
      'body.api_client_key value_error: Value error, must come together with api_client_certificate';
    const id = (await bare()).json.id as number;
    for (const half of [{ api_client_certificate: own.certificate }, { api_client_key: own.key }]) {
      expect(issues(await bare({ name: 'AT', ...half }))).toEqual([together]);
      expect(issues(await fleet.sudo.put(`/api/node/${id}`, half))).toEqual([together]);
    }
    const mixed = { api_client_certificate: own.certificate, api_client_key: other.key };
    expect(issues(await bare({ name: 'AT', ...mixed }))).toEqual([
      'body.api_client_key value_error: Value error, does not belong to api_client_certificate',
    ]);
    const moved = await fleet.sudo.put(`/api/node/${id}`, { address: '203.0.113.9' });
    expect([moved.status, (await read(id)).address]).toEqual([422, '127.0.0.5']);
    const marzban = await add({ name: 'AT' });
    const odd = await fleet.sudo.put(`/api/node/${marzban}`, { api_tls: 'off' });
    expect(issues(odd)).toEqual([
      'body.api_tls value_error: Value error, is for nodes of the kind xray_grpc only',
    ]);
  });
});

describe('a new node as a host', () => {
  type Hosts = Record<string, { remark: string; address: string }[]>;
  const hosts = async () => (await fleet.sudo.get('/api/hosts')).json as Hosts;

  it('comes behind the others of every inbound, before the answer', async () => {
    const before = await hosts();
    await create({ name: 'Node {1}', add_as_new_host: undefined });
    const after = await hosts();
    expect(Object.keys(after)).toEqual(['VLESS_A', 'VMESS', 'VLESS_B', 'SS']);
    for (const [tag, list] of Object.entries(after)) {
      expect(list).toEqual([
        ...before[tag]!,
        {
          ...before[tag]![0],
          remark: 'Node {{1}} ({USERNAME}) [{PROTOCOL} - {TRANSPORT}]',
          address: '192.0.2.1',
        },
      ]);
    }
    const { links } = (
      await fleet.sudo.post('/api/user', { username: 'alice', proxies: { vmess: {} }, inbounds: {} })
    ).json as { links: string[] };
    expect(links).toHaveLength(2);
    expect(Buffer.from(links[1]!.slice(8), 'base64').toString()).toMatch(
      /Node \{1\} \(alice\) \[VMess - tcp\]/i,
    );
    expect((await fleet.sudo.put('/api/hosts', after)).status).toBe(200);
    await fleet.sudo.put('/api/hosts', before);
  });

  it('has a place of its own when several come at once', async () => {
    const before = await hosts();
    const names = ['a', 'b', 'c', 'd'];
    const replies = await Promise.all(names.map((name) => create({ name, add_as_new_host: true })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const remarks = (await hosts()).VMESS!.slice(1).map(({ remark }) => remark.split(' ')[0]);
    expect(remarks.toSorted()).toEqual(names);
    await fleet.sudo.put('/api/hosts', before);
  });

  it('is no host when it is not wanted, or not stored', async () => {
    const before = await hosts();
    await create();
    expect((await create({ add_as_new_host: true })).status).toBe(409);
    expect(await hosts()).toEqual(before);
  });
});

describe('changing a node', () => {
  const change = (id: number, body: unknown, client = fleet.sudo) => client.put(`/api/node/${id}`, body);

  it('leaves a connected one connected under another name and rate', async () => {
    const id = await add();
    await show(id, 'connected', { version: '26.3.27' });
    const before = await generations(id);
    const reply = await change(id, { name: 'AT', usage_coefficient: '2.5', status: 'connected' });
    expect([reply.status, reply.json]).toMatchObject([
      200,
      { name: 'AT', usage_coefficient: 2.5, status: 'connected', xray_version: '26.3.27' },
    ]);
    expect(reply.json).toEqual(await read(id));
    expect(await generations(id)).toEqual(before);
  });

  it.each([{ address: 'elsewhere' }, { port: 7 }, { api_port: 7 }])('connects anew: %j', async (body) => {
    const id = await add();
    await show(id, 'connected', { version: '26.3.27' });
    const reply = await change(id, body);
    expect(reply.json).toMatchObject({ ...body, status: 'connecting', xray_version: null });
    expect(await generations(id)).toEqual({ connection: 2, restart: 1 });
  });

  it('disables and enables', async () => {
    const id = await add();
    await show(id, 'error', { message: 'far away' });
    const off = await change(id, { status: 'disabled' });
    expect(off.json).toMatchObject({ status: 'disabled', message: null });
    expect(await generations(id)).toEqual({ connection: 2, restart: 1 });
    const on = await change(id, {});
    expect(on.json).toMatchObject({ status: 'connecting', message: null });
    expect(await generations(id)).toEqual({ connection: 3, restart: 1 });
  });

  it('takes null and a coefficient of 0 for nothing', async () => {
    const id = await add({ usage_coefficient: 2 });
    const nothing = { name: null, address: null, port: null, api_port: null, status: null };
    const reply = await change(id, { ...nothing, usage_coefficient: 0 });
    expect([reply.status, reply.json]).toMatchObject([
      200,
      { name: 'DE', port: 62050, usage_coefficient: 2 },
    ]);
  });

  it('refuses a name that another node has', async () => {
    await add();
    const id = await add({ name: 'AT' });
    const reply = await change(id, { name: 'DE' });
    expect([reply.status, reply.json]).toEqual([409, { detail: 'Node "DE" already exists' }]);
    expect((await change(id, { name: 'AT' })).status).toBe(200);
  });

  it.each([
    [{ usage_coefficient: -1 }, 'body.usage_coefficient greater_than: Input should be greater than 0'],
    [
      { usage_coefficient: 1e300 },
      'body.usage_coefficient value_error: Value error, must lie between 0.000001 and 10000',
    ],
    [{ address: '' }, 'body.address value_error: Value error, must not be empty'],
    [{ port: 1e9 }, 'body.port less_than_equal: Input should be less than or equal to 65535'],
    [{ status: 'on' }, `body.status enum: Input should be 'connected', 'connecting', 'error' or 'disabled'`],
  ])('is refused with %j', async (body, issue) => {
    const id = await add();
    const reply = await change(id, body);
    expect([reply.status, issues(reply)]).toEqual([422, [issue]]);
  });

  it('loses nothing when two change different things at once', async () => {
    const id = await add();
    await Promise.all([change(id, { name: 'AT' }), change(id, { port: 7 }), change(id, { api_port: 8 })]);
    expect(await read(id)).toMatchObject({ name: 'AT', port: 7, api_port: 8 });
  });
});

describe('reconnecting', () => {
  it('asks for a new connection and a restart', async () => {
    const id = await add();
    await show(id, 'connected', { version: '26.3.27' });
    const reply = await fleet.sudo.post(`/api/node/${id}/reconnect`);
    expect([reply.status, reply.text]).toEqual([200, '{"detail":"Reconnection task scheduled"}']);
    expect(await generations(id)).toEqual({ connection: 1, restart: 2 });
    expect((await read(id)).xray_version).toBeNull();
  });

  it('does nothing to a disabled node', async () => {
    const id = await add();
    await fleet.sudo.put(`/api/node/${id}`, { status: 'disabled' });
    const before = await generations(id);
    expect((await fleet.sudo.post(`/api/node/${id}/reconnect`)).status).toBe(200);
    expect([await generations(id), (await read(id)).status]).toEqual([before, 'disabled']);
  });
});

describe('nodes', () => {
  it('are listed in id order, without the local core and deleted ones', async () => {
    await fleet.sql("INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '127.0.0.1')");
    const ids = [await add({ name: 'b' }), await add({ name: 'a' }), await add({ name: 'c' })];
    const gone = await fleet.sudo.delete(`/api/node/${ids[1]}`);
    expect([gone.status, gone.text]).toEqual([200, '{}']);
    const list = (await fleet.sudo.get('/api/nodes')).json as { id: number }[];
    expect(list.map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    expect(await read(ids[1]!)).toEqual({ detail: 'Node not found' });
    expect((await fleet.sudo.delete(`/api/node/${ids[1]}`)).status).toBe(404);
    const [local] = await fleet.sql<{ id: number }>("SELECT id FROM nodes WHERE kind = 'local'");
    expect((await fleet.sudo.get(`/api/node/${local!.id}`)).status).toBe(404);
  });

  it('have a traffic that is told with Master first', async () => {
    const [master] = await fleet.sql<{ id: number }>(
      "INSERT INTO nodes (kind, name, address) VALUES ('local', 'Master', '127.0.0.1') RETURNING id",
    );
    const [de, at, gone] = [await add(), await add({ name: 'AT' }), await add({ name: 'gone' })];
    await fleet.sudo.delete(`/api/node/${gone}`);
    await fleet.sql(
      `INSERT INTO node_usages (node_id, created_at, uplink, downlink) VALUES
         ($1, '2026-01-01 10:00Z', 1, 2), ($2, '2026-01-01 10:00Z', 9223372036854775806, 4),
         ($2, '2026-01-01 11:00Z', 1, 5), ($2, '2026-01-01 12:00Z', 7, 7), ($3, '2026-01-01 10:00Z', 9, 9)`,
      [master!.id, de, gone],
    );
    const reply = await fleet.sudo.get('/api/nodes/usage?start=2026-01-01T10&end=20260101T110000Z');
    expect(reply.text).toBe(
      `{"usages":[{"node_id":null,"node_name":"Master","uplink":1,"downlink":2},` +
        `{"node_id":${de},"node_name":"DE","uplink":9223372036854775807,"downlink":9},` +
        `{"node_id":${at},"node_name":"AT","uplink":0,"downlink":0}]}`,
    );
    await fleet.sql('DELETE FROM nodes');
    expect((await fleet.sudo.get('/api/nodes/usage')).json).toEqual({
      usages: [{ node_id: null, node_name: 'Master', uplink: 0, downlink: 0 }],
    });
  });

  it.each([
    ['start=x', 'Invalid date range or format'],
    ['start=2026-01-02&end=2026-01-01', 'Start date must be before end date'],
  ])('have no traffic in the range %s', async (query, detail) => {
    const reply = await fleet.sudo.get(`/api/nodes/usage?${query}`);
    expect([reply.status, reply.json.detail]).toEqual([400, detail]);
  });
});

describe('the identity towards nodes', () => {
  it('is one certificate for a client, for ever, and its key stays here', async () => {
    const replies = await Promise.all([1, 2].map(() => fleet.sudo.get('/api/node/settings')));
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(replies[0]!.text).toBe(replies[1]!.text);
    const { min_node_version, certificate, ...rest } = replies[0]!.json;
    expect([min_node_version, rest]).toEqual(['v0.2.0', {}]);
    expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+\n-----END CERTIFICATE-----\n$/);
    const parsed = new X509Certificate(certificate as string);
    expect([parsed.subject, parsed.issuer, parsed.ca]).toEqual(['CN=Gozargah', 'CN=Gozargah', false]);
    expect(new Date(parsed.validTo).getFullYear()).toBeGreaterThan(2120);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    const { key } = await fleet.app.get(NodeIdentity, { strict: false }).get();
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });
});

describe('whoever is not a sudo admin', () => {
  const routes: [keyof TestClient, string][] = [
    ['get', '/api/node/settings'],
    ['post', '/api/node'],
    ['get', '/api/nodes'],
    ['get', '/api/nodes/usage?start=x'],
    ...(['1', '4294967296', 'abc'] as const).flatMap((id): [keyof TestClient, string][] => [
      ['get', `/api/node/${id}`],
      ['put', `/api/node/${id}`],
      ['delete', `/api/node/${id}`],
      ['post', `/api/node/${id}/reconnect`],
    ]),
  ];

  it.each(routes)('learns nothing: %s %s', async (method, path) => {
    const stranger = await fleet.client()[method](path);
    expect([stranger.status, stranger.json]).toEqual([401, { detail: 'Not authenticated' }]);
    const plain = await fleet.reseller[method](path);
    expect([plain.status, plain.json]).toEqual([403, { detail: "You're not allowed" }]);
  });

  it('is told of a missing node before a wrong body, as a sudo admin', async () => {
    const reply = await fleet.sudo.put('/api/node/2147483647', { port: 'x' });
    expect([reply.status, reply.json]).toEqual([404, { detail: 'Node not found' }]);
    const noNumber = await fleet.sudo.get('/api/node/abc');
    expect([noNumber.status, issues(noNumber)]).toEqual([
      422,
      ['path.node_id int_parsing: Input should be a valid integer, unable to parse string as an integer'],
    ]);
    expect((await fleet.sudo.get('/api/node/4294967296')).status).toBe(422);
    expect((await fleet.sudo.get(`/api/node/${await add()}.0`)).status).toBe(200);
  });
});

describe('what is known of a deleted node', () => {
  it('is forgotten, its traffic is not', async () => {
    const [old, fresh] = [await add(), await add({ name: 'AT' })];
    for (const id of [old, fresh]) {
      await fleet.sql(
        'INSERT INTO node_user_counter (node_id, user_id, core_epoch, up, down) VALUES ($1, 1, 1, 1, 1)',
        [id],
      );
      await fleet.sudo.delete(`/api/node/${id}`);
    }
    await fleet.sql("UPDATE nodes SET uplink = 5, deleted_at = now() - interval '11 minutes' WHERE id = $1", [
      old,
    ]);
    await fleet.app.get(NodesRepository, { strict: false }).forgetDeleted();
    const kept = await fleet.sql(
      `SELECT (SELECT array_agg(node_id) FROM node_user_counter) AS counters,
              (SELECT array_agg(node_id) FROM node_lease) AS leases,
              (SELECT array_agg(node_id) FROM node_runtime) AS runtimes`,
    );
    expect(kept).toEqual([{ counters: [fresh], leases: [fresh], runtimes: [fresh] }]);
    expect((await fleet.sudo.get('/api/system')).json.incoming_bandwidth).toBe(5);
  });
});
