import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NodeRuntimeRepository } from '../../../src/features/nodes/actor/node-runtime.repository.js';
import { NodeStatesRepository } from '../../../src/features/nodes/actor/node-states.repository.js';
import { DesiredUsers } from '../../../src/features/nodes/convergence/desired-users.js';
import { UserChangesRepository } from '../../../src/features/nodes/convergence/user-changes.repository.js';
import { CoreUsersRepository } from '../../../src/features/users/index.js';
import { WorkerDatabase } from '../../../src/shared/database/worker-database.js';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

const NODES = 20;

describe('many nodes', () => {
  let fleet: FakeFleet;
  let nodes: Awaited<ReturnType<FakeFleet['addNode']>>[];

  beforeAll(async () => {
    fleet = await startFakeFleet({
      jobs: {
        coreHealthSeconds: 3600,
        reviewUsersSeconds: 3600,
        userUsagesSeconds: 3600,
        nodeUsagesSeconds: 3600,
      },
    });
    nodes = await Promise.all(Array.from({ length: NODES }, () => fleet.addNode()));
  });
  afterAll(() => fleet?.close());

  const areConnected = async () =>
    (await fleet.sql(`SELECT FROM nodes WHERE status = 'connected'`)).length === NODES;

  it('ask the database for what they all have to know together', async () => {
    await eventually(areConnected);
    const readings = vi.spyOn(fleet.app.get(UserChangesRepository, { strict: false }), 'after');
    const loads = vi.spyOn(fleet.app.get(NodeStatesRepository, { strict: false }), 'load');
    // What a start has written is read once more, for each by itself.
    await eventually(() => {
      const last = loads.mock.calls.slice(-2);
      return last.length === 2 && last.every(([grants]) => grants.length === NODES);
    });
    for (const spy of [readings, loads]) spy.mockClear();
    await fleet.sql('SELECT pg_sleep(3)');
    expect(readings.mock.calls.length).toBeLessThan(NODES);
    expect(loads.mock.calls.length).toBeLessThan(NODES);
    const before = readings.mock.calls.length;
    const users = vi.spyOn(fleet.app.get(CoreUsersRepository, { strict: false }), 'byIds');
    const id = await fleet.addUser('ann');
    await eventually(() => nodes.every(({ node }) => copies(node.core!, `${id}.ann`) === TAGS.length));
    expect(readings.mock.calls.length - before).toBeLessThan(NODES / 2);
    expect(users.mock.calls.length).toBeLessThan(NODES / 2);
    vi.restoreAllMocks();
  });

  it('are told of the users they ask for at the same time by one query', async () => {
    const ids = await Promise.all(['cid', 'dan', 'eve'].map((name) => fleet.addUser(name)));
    const users = vi.spyOn(fleet.app.get(CoreUsersRepository, { strict: false }), 'byIds');
    const desired = fleet.app.get(DesiredUsers, { strict: false });
    const strangers = [2_000_000, 2_000_001, 2_000_002]; // by whom these requests are known from those of nodes
    const wanted = [ids, ids.slice(1), ids.slice(0, 1)].map((some, i) => [...some, strangers[i]!]);
    const found = await Promise.all(wanted.map((some) => desired.byIds(some)));
    expect(found.map((some) => some.map(({ id }) => id))).toEqual([ids, ids.slice(1), [ids[0]]]);
    const asked = users.mock.calls.map(([, some]) => some.filter((id) => strangers.includes(id)));
    expect(asked.filter((some) => some.length > 0)).toEqual([strangers]);
    vi.restoreAllMocks();
  });

  it('are read again only where they are written', async () => {
    const database = fleet.app.get(WorkerDatabase, { strict: false });
    const asked = vi.spyOn(database, 'rows');
    try {
      await eventually(async () => {
        const looks = asked.mock.calls.flatMap(([sql], i) =>
          typeof sql !== 'string' && sql.name === 'node_states' ? asked.mock.results[i]!.value : [],
        ) as Promise<unknown[]>[];
        const last = (await Promise.all(looks)).slice(-3);
        return last.length === 3 && last.every((rows) => rows.length === 1); // the time alone
      });
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('see what was written about one of them without a word', async () => {
    const { id, node } = nodes[3]!;
    await fleet.sql(`UPDATE nodes SET restart_generation = restart_generation + 1 WHERE id = $1`, [id]);
    await eventually(() => node.starts === 2);
    expect(nodes.filter(({ node: { starts } }) => starts === 1)).toHaveLength(NODES - 1);
  });

  it('save together up to where their users are applied, and one whose row is locked holds up no other', async () => {
    const other = new pg.Client(clientOptions(fleet.connection));
    await other.connect();
    const passed = 'SELECT node_id AS id FROM node_runtime WHERE cursor_xid >= $1::xid8';
    const locked = nodes[0]!.id;
    try {
      const saves = vi.spyOn(fleet.app.get(NodeRuntimeRepository, { strict: false }), 'saveCursors');
      await other.query('BEGIN');
      const { rows } = await other.query<{ xid: string }>(
        'SELECT pg_current_xact_id()::text AS xid FROM node_runtime WHERE node_id = $1 FOR UPDATE',
        [locked],
      );
      const { xid } = rows[0]!; // which no cursor can pass while that is open
      await fleet.addUser('fay');
      await eventually(async () => (await fleet.sql(passed, [xid])).length === NODES - 1);
      expect((await fleet.sql<{ id: number }>(passed, [xid])).map(({ id }) => id)).not.toContain(locked);
      expect(Math.max(...saves.mock.calls.map(([all]) => all.length))).toBeGreaterThan(1);
      await other.query('COMMIT');
      await eventually(async () => (await fleet.sql(passed, [xid])).length === NODES);
    } finally {
      vi.restoreAllMocks();
      await other.end();
    }
  });

  it('of which one stands far behind get their changes as ever, and it catches up and stands with them', async () => {
    const { id } = nodes[0]!;
    await fleet.sql(
      `INSERT INTO user_change (user_id, email) SELECT 1000000, '1000000.gone' FROM generate_series(1, 12000) i`,
    );
    await eventually(async () => {
      const lagging = await fleet.sql(
        `SELECT FROM node_runtime WHERE (cursor_xid, cursor_seq) < (SELECT xid, seq FROM user_change ORDER BY xid DESC, seq DESC LIMIT 1)`,
      );
      return lagging.length === 0;
    });
    // The next actor of this node begins at the first change.
    await fleet.sql(
      `WITH taken AS (UPDATE node_lease SET epoch = epoch + 1, expires_at = '-infinity' WHERE node_id = $1)
       UPDATE node_runtime SET cursor_xid = '0', cursor_seq = 0 WHERE node_id = $1`,
      [id],
    );
    const user = await fleet.addUser('ben');
    await eventually(
      () => nodes.every(({ node }) => copies(node.core!, `${user}.ben`) === TAGS.length),
      20_000,
    );
    const readings = vi.spyOn(fleet.app.get(UserChangesRepository, { strict: false }), 'after');
    await eventually(() => {
      const [last, former] = readings.mock.calls.toReversed();
      return last !== undefined && former !== undefined && former[0].cursor.xid > 0n;
    });
    readings.mockClear();
    await fleet.sql('SELECT pg_sleep(2)');
    expect(readings.mock.calls.length).toBeLessThan(NODES);
  }, 60_000);
});
