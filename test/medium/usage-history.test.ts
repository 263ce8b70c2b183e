import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, issues, startFleet } from '../support/user-fleet.js';

let fleet: Fleet;
let ids: Record<string, number>;
const HOUR_MS = 3_600_000;
const hour = (ago: number) => new Date(Math.floor(Date.now() / HOUR_MS - ago) * HOUR_MS).toISOString();

beforeAll(async () => {
  fleet = await startFleet();
  const create = (username: string, client = fleet.sudo) =>
    client.post('/api/user', { username, proxies: { vless: {} } });
  await create('alice');
  await create('bob', fleet.reseller);
  await create('carl', fleet.reseller);
  await fleet.sql(
    `INSERT INTO nodes (kind, name, address, deleted_at, status) VALUES
       ('local', 'Master', '127.0.0.1', NULL, 'connected'), ('pg_node', 'DE', 'de', NULL, 'connected'),
       ('pg_node', 'gone', 'x', now(), 'connected'), ('pg_node', 'AT', 'at', NULL, 'disabled')`,
  );
  const rows = await fleet.sql<{ name: string; id: number }>(
    'SELECT username AS name, id FROM users UNION ALL SELECT name, id FROM nodes',
  );
  ids = Object.fromEntries(rows.map(({ name, id }) => [name, id]));
  const use = (user: string, node: string, hoursAgo: number, bytes: bigint) =>
    fleet.sql(
      'INSERT INTO node_user_usages (user_id, node_id, created_at, used_traffic) VALUES ($1, $2, $3, $4)',
      [ids[user], ids[node], hour(hoursAgo), bytes],
    );
  await use('alice', 'Master', 1, 5n);
  await use('alice', 'DE', 1, 2n ** 62n);
  await use('alice', 'DE', 2, 1n);
  await use('alice', 'gone', 1, 99n);
  await use('alice', 'DE', 24 * 31, 1000n);
  await use('bob', 'DE', 1, 7n);
  await use('carl', 'Master', 24 * 31, 3n);
});
afterAll(() => fleet?.close());

/** Traffic of Master, DE and AT, whose places and names are checked too. */
function perNode(reply: { status: number; text: string }): string[] {
  expect(reply.status).toBe(200);
  const rows = [...reply.text.matchAll(/\{"node_id":(\w+),"node_name":"(\w+)","used_traffic":(\d+)\}/g)];
  expect(rows.map(([, id, name]) => [id, name])).toEqual([
    ['null', 'Master'],
    [String(ids.DE), 'DE'],
    [String(ids.AT), 'AT'],
  ]);
  return rows.map(([, , , bytes]) => bytes!);
}

describe("a user's usage", () => {
  const ask = (query = '', name = 'alice', client = fleet.sudo) =>
    client.get(`/api/user/${name}/usage${query}`);

  it('lists every node, Master first, in the words clients know', async () => {
    const reply = await ask();
    expect(perNode(reply)).toEqual(['5', `${2n ** 62n + 1n}`, '0']);
    expect(reply.text).toMatch(/^\{"username":"alice","usages":\[\{"node_id":null,/);
  });

  it.each([
    ['by default the last 30 days', () => '', ['5', `${2n ** 62n + 1n}`, '0']],
    ['from long ago', () => '?start=2020-01-01', ['5', `${2n ** 62n + 1001n}`, '0']],
    ['hours that begin at the start', () => `?start=${hour(1)}`, ['5', `${2n ** 62n}`, '0']],
    ['not the hour that began before', () => `?start=${hour(1).replace('00:00', '00:01')}`, ['0', '0', '0']],
    ['hours that begin at the end', () => `?start=${hour(2)}&end=${hour(2)}`, ['0', '1', '0']],
    ['nothing of the future', () => '?start=2200-01-01', ['0', '0', '0']],
    ['the last of repeated bounds', () => '?start=x&start=2200-01-01', ['0', '0', '0']],
  ])('counts %s', async (_, query, bytes) => {
    expect(perNode(await ask(query()))).toEqual(bytes);
  });

  it('is refused in the order clients know', async () => {
    const answer = async (...asked: Parameters<typeof ask>) => {
      const reply = await ask(...asked);
      return [reply.status, reply.json.detail];
    };
    expect(await answer('?start=x', 'alice', fleet.client())).toEqual([401, 'Not authenticated']);
    expect(await answer('?start=x', 'nobody')).toEqual([404, 'User not found']);
    expect(await answer('?start=x', 'alice', fleet.reseller)).toEqual([403, "You're not allowed"]);
    expect((await ask('?start=2200-01-01', 'bob', fleet.reseller)).status).toBe(200);
  });
});

describe("many users' usage", () => {
  const ask = (query = '', client = fleet.sudo) => client.get(`/api/users/usage${query}`);

  it.each([
    ['of all', '', ['5', `${2n ** 62n + 8n}`, '0']],
    ['of an admin', '?admin=reseller', ['0', '7', '0']],
    ['of several', '?admin=reseller&admin=root', ['5', `${2n ** 62n + 8n}`, '0']],
    ['of an unknown admin', '?admin=nobody', ['0', '0', '0']],
    ['of an admin without name', '?admin=', ['0', '0', '0']],
    ['of an admin since long ago', '?admin=reseller&start=2020-01-01', ['3', '7', '0']],
  ])('is the sum %s', async (_, query, bytes) => {
    expect(perNode(await ask(query))).toEqual(bytes);
  });

  it('is that of the own users for an admin without sudo', async () => {
    expect(perNode(await ask('?admin=root', fleet.reseller))).toEqual(['0', '7', '0']);
    expect((await ask()).text).toMatch(/^\{"usages":\[/);
    expect((await ask('', fleet.client())).status).toBe(401);
  });
});

describe.each(['/api/user/alice/usage', '/api/users/usage'])('the range of %s', (path) => {
  it.each([
    ['start=yesterday', 'Invalid date range or format'],
    ['start=1700000000', 'Invalid date range or format'],
    ['end=2026-02-30', 'Invalid date range or format'],
    ['start=2026-01-01T00:00+03:30', 'Invalid date range or format'],
    ['start=2026-01-01&end=2025-12-31T23:59:59', 'Start date must be before end date'],
    ['end=2020-01-01', 'Start date must be before end date'],
  ])('%s is refused', async (query, detail) => {
    const reply = await fleet.sudo.get(`${path}?${query}`);
    expect([reply.status, reply.json.detail]).toEqual([400, detail]);
  });

  it('cannot hold what is no text', async () => {
    const reply = await fleet.sudo.get(`${path}?start=%00`);
    expect([reply.status, issues(reply)[0]]).toEqual([
      422,
      expect.stringContaining('query.start value_error') as string,
    ]);
  });
});
