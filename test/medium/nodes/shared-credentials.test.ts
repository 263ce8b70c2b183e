import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DesiredUsers } from '../../../src/features/nodes/convergence/desired-users.js';
import { accountFor, credentialOf } from '../../../src/xray/config/index.js';
import type { Proxies, ResolvedInbound } from '../../../src/xray/config/types.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

const ID = 'b1a6b9a6-2a8c-4b43-9a27-6a8f1a1e4c01';

describe('users with one credential', () => {
  let fleet: FakeFleet;
  let node: FakeNode;
  let nodeId: number;
  let id: string;

  beforeEach(() => void (id = randomUUID()));
  beforeAll(async () => {
    fleet = await startFakeFleet();
    ({ node, id: nodeId } = await fleet.addNode());
  });
  afterAll(() => fleet?.close());

  const core = () => node.core!;
  const isOn = (name: string) => copies(core(), name) > 0;
  const run = (text: string, ids: readonly number[]) => fleet.sql(text, [ids]);

  /** Users who have all the same, and the name of each on the core. */
  async function sharers(prefix: string, count: number) {
    const proxies: Proxies = {
      vless: { id, flow: '' },
      vmess: { id },
      trojan: { password: prefix, flow: '' },
    };
    const rows = await fleet.sql<{ id: number; name: string }>(
      `INSERT INTO users (username, proxies) SELECT $1 || i, $2 FROM generate_series(1, ${count}) i
       RETURNING id, id || '.' || username AS name`,
      [prefix, JSON.stringify(proxies)],
    );
    await eventually(() => rows.every(({ name }) => copies(core(), name) === 3));
    return rows;
  }
  /** By which of these a device is let in on every inbound. */
  const letsIn = (prefix: string, names: readonly string[]) =>
    [core().letsIn('VLESS', id), core().letsIn('VMESS', id), core().letsIn('TROJAN', prefix)].every(
      (name) => name !== undefined && names.includes(name),
    );

  it.each([
    ['disabled', `UPDATE users SET status = 'disabled' WHERE id = ANY ($1)`],
    ['deleted', 'DELETE FROM users WHERE id = ANY ($1)'],
  ])('stay when one of them is %s, whoever came later', async (how, statement) => {
    for (const goes of [0, 1]) {
      const prefix = `${how}_${goes}_`;
      const users = await sharers(prefix, 2);
      const [gone, stays] = [users[goes]!, users[1 - goes]!];
      await run(statement, [gone.id]);
      await eventually(() => !isOn(gone.name) && letsIn(prefix, [stays.name]));
      await run('DELETE FROM users WHERE id = ANY ($1)', [stays.id]);
      await eventually(() => !isOn(stays.name) && core().letsIn('TROJAN', prefix) === undefined);
    }
  });

  it('stay when one of them gets other credentials', async () => {
    const [ann, ben] = await sharers('changed_', 2);
    await run(`UPDATE users SET proxies = '{"trojan":{"password":"own"}}' WHERE id = ANY ($1)`, [ben!.id]);
    await eventually(() => copies(core(), ben!.name) === 1 && letsIn('changed_', [ann!.name]));
    expect(core().letsIn('TROJAN', 'own')).toBe(ben!.name);

    await run('DELETE FROM users WHERE id = ANY ($1)', [ann!.id, ben!.id]);
  });

  it('stay where another one of them is excluded', async () => {
    const [cid, dan, eve] = await sharers('excluded_', 3);
    await run(`UPDATE users SET excluded_inbounds = '{"trojan":["TROJAN"]}' WHERE id = ANY ($1)`, [dan!.id]);
    await eventually(
      () => copies(core(), dan!.name) === 2 && letsIn('excluded_', [cid!.name, dan!.name, eve!.name]),
    );
    // He who is excluded there is none whom that inbound could be told of.
    await run('DELETE FROM users WHERE id = ANY ($1)', [eve!.id]);
    await eventually(() => !isOn(eve!.name) && core().letsIn('TROJAN', 'excluded_') === cid!.name);
    await run('DELETE FROM users WHERE id = ANY ($1)', [cid!.id, dan!.id]);
  });

  it('stay when one of them can be removed only later', async () => {
    const [ann, ben] = await sharers('later_', 2);
    core().failNext('AlterInbound', 'refuse', 2);
    await run('DELETE FROM users WHERE id = ANY ($1)', [ben!.id]);
    await eventually(() => !isOn(ben!.name) && letsIn('later_', [ann!.name]), 20_000);
    await run('DELETE FROM users WHERE id = ANY ($1)', [ann!.id]);
  });

  it('stay when one who is left over is found and removed', async () => {
    const [ann, ben] = await sharers('left_over_', 2);
    await fleet.sql(`UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`, [
      nodeId,
    ]);
    await fleet.sql('ALTER TABLE users DISABLE TRIGGER USER'); // as a restored database would have him
    await run('DELETE FROM users WHERE id = ANY ($1)', [ben!.id]);
    await fleet.sql('ALTER TABLE users ENABLE TRIGGER USER');
    await eventually(() => !isOn(ben!.name) && letsIn('left_over_', [ann!.name]), 20_000);
    await run('DELETE FROM users WHERE id = ANY ($1)', [ann!.id]);
  });

  it('are not all added again, be they many', async () => {
    const users = await sharers('many_', 300);
    const before = core().calls.get('AlterInbound')!;
    await run(
      `UPDATE users SET status = 'limited' WHERE id = ANY ($1)`,
      users.slice(100).map(({ id }) => id),
    );
    const left = users.slice(0, 100).map(({ name }) => name);
    await eventually(
      () => users.slice(100).every(({ name }) => !isOn(name)) && letsIn('many_', left),
      20_000,
    );
    expect(core().calls.get('AlterInbound')! - before).toBeLessThan(250 * TAGS.length);
    await run(
      'DELETE FROM users WHERE id = ANY ($1)',
      users.map(({ id }) => id),
    );
  });

  it.each<[string, Proxies]>([
    ['vless', { vless: { id: ID.toUpperCase(), flow: '' } }],
    ['vless', { vless: { id: `urn:uuid:${ID}`, flow: '' } }],
    ['vmess', { vmess: { id: ID.replaceAll('-', '') } }],
    ['trojan', { trojan: { password: 'plain', flow: '' } }],
    ['trojan', { trojan: { password: '"{-}\\ \n ü 😀', flow: '' } }],
  ])('are known by what cores and the database have of %s', async (protocol, proxies) => {
    const [row] = await fleet.sql<{ id: number; keys: string[] }>(
      `INSERT INTO users (username, status, proxies) VALUES (gen_random_uuid(), 'on_hold', $1)
       RETURNING id, credential_keys(proxies)::text[] AS keys`,
      [JSON.stringify(proxies)],
    );
    const user = { id: row!.id, username: 'x', proxies, excludedInbounds: {} };
    const credential = credentialOf(accountFor(user, { protocol, network: 'raw' } as ResolvedInbound)!)!;
    const desired = fleet.app.get(DesiredUsers, { strict: false });
    const sharersOf = async (asked: string[]) => (await desired.sharersOf(asked)).map(({ id }) => id);
    expect(await sharersOf([credential])).toEqual([row!.id]);
    expect(await sharersOf(row!.keys)).toEqual([row!.id]);
    await run('DELETE FROM users WHERE id = ANY ($1)', [row!.id]);
    expect(await sharersOf([credential, ...row!.keys])).toEqual([]);
  });
});
