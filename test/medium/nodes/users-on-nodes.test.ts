import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { XrayClient } from '../../../src/xray/grpc/index.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import { eventually } from '../../support/eventually.js';
import { ADD_USER, copies, type FakeFleet, proxies, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('users on a node', () => {
  let fleet: FakeFleet;
  let node: FakeNode;
  let nodeId: number;

  beforeAll(async () => {
    fleet = await startFakeFleet();
    ({ node, id: nodeId } = await fleet.addNode());
  });
  afterAll(() => fleet?.close());

  const core = () => node.core!;

  it('appear on every inbound after they are added', async () => {
    const id = await fleet.addUser('ann');
    await eventually(() => copies(core(), `${id}.ann`) === TAGS.length);
  });

  it('disappear when they are disabled, and come back', async () => {
    const id = await fleet.addUser('ben');
    await eventually(() => copies(core(), `${id}.ben`) === TAGS.length);
    await fleet.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [id]);
    await eventually(() => copies(core(), `${id}.ben`) === 0);
    await fleet.sql(`UPDATE users SET status = 'on_hold' WHERE id = $1`, [id]);
    await eventually(() => copies(core(), `${id}.ben`) === TAGS.length);
  });

  it('disappear when they are deleted', async () => {
    const id = await fleet.addUser('cid');
    await eventually(() => copies(core(), `${id}.cid`) === TAGS.length);
    await fleet.sql('DELETE FROM users WHERE id = $1', [id]);
    await eventually(() => copies(core(), `${id}.cid`) === 0);
  });

  it('have their new credentials, once each, after a change', async () => {
    const id = await fleet.addUser('dan');
    await eventually(() => copies(core(), `${id}.dan`) === TAGS.length);
    await fleet.sql('UPDATE users SET proxies = $2 WHERE id = $1', [id, JSON.stringify(proxies('other'))]);
    await eventually(() => {
      const find = (tag: string) =>
        core()
          .accounts(tag)
          .find(({ email }) => email === `${id}.dan`);
      expect(find('TROJAN')).toMatchObject({ password: 'other' });
      expect(find('SS')).toMatchObject({ password: 'other' });
      return copies(core(), `${id}.dan`) === TAGS.length;
    });
  });

  it('are left where an inbound is not excluded, and taken where it is', async () => {
    const id = await fleet.addUser('eve');
    await eventually(() => copies(core(), `${id}.eve`) === TAGS.length);
    await fleet.sql(`UPDATE users SET excluded_inbounds = '{"vmess":["VMESS"]}' WHERE id = $1`, [id]);
    await eventually(() => !core().emails('VMESS').includes(`${id}.eve`));
    expect(copies(core(), `${id}.eve`)).toBe(TAGS.length - 1);
  });

  it('change their name everywhere', async () => {
    const id = await fleet.addUser('fay');
    await eventually(() => copies(core(), `${id}.fay`) === TAGS.length);
    await fleet.sql(`UPDATE users SET username = 'flo' WHERE id = $1`, [id]);
    await eventually(() => copies(core(), `${id}.flo`) === TAGS.length && copies(core(), `${id}.fay`) === 0);
  });

  it('are not copied by a call whose reply is lost, and all copies go with the user', async () => {
    core().failNext('AlterInbound', 'lose_reply', 3);
    const id = await fleet.addUser('gil');
    await eventually(() => copies(core(), `${id}.gil`) === TAGS.length);
    await fleet.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [id]);
    await eventually(() => copies(core(), `${id}.gil`) === 0);
  });

  it('of whom one fails do not hold up the others, and that one is tried again', async () => {
    core().failNext('AlterInbound', 'refuse', 1);
    const ids = [await fleet.addUser('hal'), await fleet.addUser('ian')];
    await eventually(
      () => copies(core(), `${ids[0]}.hal`) + copies(core(), `${ids[1]}.ian`) === 2 * TAGS.length,
    );
  });

  it('are seen in whatever order their transactions end', async () => {
    const [first, second] = [
      new pg.Client(clientOptions(fleet.connection)),
      new pg.Client(clientOptions(fleet.connection)),
    ];
    await Promise.all([first.connect(), second.connect()]);
    const add = async (client: pg.Client, name: string): Promise<number> => {
      await client.query('BEGIN');
      const values = [name, 'active', null, null, JSON.stringify(proxies(name))];
      return (await client.query<{ id: number }>(ADD_USER, values)).rows[0]!.id;
    };
    const early = await add(first, 'jan'); // takes its place in the outbox first, but ends last
    const late = await add(second, 'kim');
    await second.query('COMMIT');
    await eventually(() => copies(core(), `${late}.kim`) === TAGS.length);
    await fleet.sql('SELECT pg_sleep(0.6)'); // longer than a look at the outbox
    await first.query('COMMIT');
    await eventually(() => copies(core(), `${early}.jan`) === TAGS.length);
    await Promise.all([first.end(), second.end()]);
  });

  it('who change while a core is started end up right', async () => {
    const before = await fleet.addUser('leo');
    await eventually(() => copies(core(), `${before}.leo`) === TAGS.length);
    let during = 0;
    node.beforeStart = async () => {
      node.beforeStart = async () => undefined;
      during = await fleet.addUser('mia');
      await fleet.sql(`UPDATE users SET status = 'limited' WHERE id = $1`, [before]);
    };
    await fleet.sudo.post('/api/core/restart');
    await eventually(() => during > 0 && copies(core(), `${during}.mia`) === TAGS.length);
    await eventually(() => copies(core(), `${before}.leo`) === 0);
  });

  it('have what they should also on a core that cannot list its users', async () => {
    core().canList = false;
    const id = await fleet.addUser('pat');
    await eventually(() => copies(core(), `${id}.pat`) === TAGS.length);
    await fleet.sql('UPDATE users SET proxies = $2 WHERE id = $1', [id, JSON.stringify(proxies('newer'))]);
    await eventually(() => {
      const found = core()
        .accounts('SS')
        .filter(({ email }) => email === `${id}.pat`);
      return found.length === 1 && 'password' in found[0]! && found[0].password === 'newer';
    });
    core().canList = true;
  });

  it('that were copied by others go with all their copies', async () => {
    const id = await fleet.addUser('quy');
    await eventually(() => copies(core(), `${id}.quy`) === TAGS.length);
    const client = new XrayClient(core().target);
    const copy = { email: `${id}.quy`, type: 'shadowsocks', password: 'old', method: 'aes-128-gcm' } as const;
    await client.addUser('SS', copy);
    await client.addUser('SS', copy);
    client.close();
    await fleet.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [id]);
    await eventually(() => copies(core(), `${id}.quy`) === 0);
  });

  it('who are missing or left over are found when a service attaches', async () => {
    const id = await fleet.addUser('ned');
    await eventually(() => copies(core(), `${id}.ned`) === TAGS.length);
    await fleet.sql(`UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1`, [
      nodeId,
    ]);
    // Behind the outbox' back, as a restored database would be.
    await fleet.sql('ALTER TABLE users DISABLE TRIGGER USER');
    await fleet.sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, [id]);
    const unheard = await fleet.addUser('oda');
    await fleet.sql('ALTER TABLE users ENABLE TRIGGER USER');
    await eventually(
      () => copies(core(), `${id}.ned`) === 0 && copies(core(), `${unheard}.oda`) === TAGS.length,
      15_000,
    );
  });

  it('by the thousands are disabled without a restart', async () => {
    const { starts } = node;
    await fleet.sql(
      `INSERT INTO users (username, proxies) SELECT 'many_' || i, $1 FROM generate_series(1, 10000) i`,
      [JSON.stringify(proxies('many'))],
    );
    await fleet.sudo.post('/api/core/restart'); // a start brings them
    const many = () => TAGS.reduce((sum, tag) => sum + core().size(tag), 0);
    await eventually(() => node.starts === starts + 1 && many() >= 10_000 * TAGS.length, 120_000);
    await fleet.sql(`UPDATE users SET status = 'disabled' WHERE username LIKE 'many%'`);
    const id = await fleet.addUser('rex'); // need not wait for the others
    await eventually(() => copies(core(), `${id}.rex`) === TAGS.length, 120_000);
    expect(many()).toBeGreaterThan(1_000);
    const isMany = (email: string) => email.includes('.many_');
    await eventually(() => !TAGS.some((tag) => core().emails(tag).some(isMany)), 240_000);
    expect(node.starts).toBe(starts + 1);
  }, 600_000);
});
