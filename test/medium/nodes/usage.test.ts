import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CoreConnection } from '../../../src/features/nodes/adapters/core-connection.js';
import type { Grant } from '../../../src/features/nodes/domain/grant.js';
import { NodesService } from '../../../src/features/nodes/index.js';
import { UsageRepository } from '../../../src/features/nodes/metering/usage.repository.js';
import { KnownProcess } from '../../../src/features/nodes/domain/core-process.js';
import { UsageMeter } from '../../../src/features/nodes/metering/usage-meter.js';
import { FakeNode } from '../../fakes/fake-node.js';
import type { FakeXray } from '../../fakes/fake-xray.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

describe('traffic', () => {
  let fleet: FakeFleet;
  let node: FakeNode;
  let nodeId: number;

  beforeAll(async () => {
    fleet = await startFakeFleet();
    ({ node, id: nodeId } = await fleet.addNode());
  });
  afterAll(() => fleet?.close());

  const usedBy = async (id: number): Promise<bigint> =>
    BigInt(
      (
        await fleet.sql<{ used: string }>(
          'SELECT used_traffic::text AS used FROM user_usage WHERE user_id = $1',
          [id],
        )
      )[0]!.used,
    );
  const charged = (id: number, bytes: bigint) => eventually(async () => (await usedBy(id)) === bytes);
  /** Two more polls have been made, whatever came of them. */
  const polled = async () => {
    const asked = () => node.core?.calls.get('QueryStats') ?? 0;
    const before = asked();
    await eventually(() => asked() >= before + 4);
  };

  it('is charged once, in both directions, with the time of it', async () => {
    const id = await fleet.addUser('ann');
    node.core!.count(`${id}.ann`, 1_000n, 50_000n);
    await charged(id, 51_000n);
    node.core!.count(`${id}.ann`, 1n, 2n);
    await charged(id, 51_003n);
    await polled();
    expect(await usedBy(id)).toBe(51_003n);
    const [row] = await fleet.sql<{ recent: boolean }>(
      `SELECT online_at > now() - interval '1 minute' AS recent FROM user_usage WHERE user_id = $1`,
      [id],
    );
    expect(row!.recent).toBe(true);
  });

  it('appears in the history of the hour and in the usage of the owner', async () => {
    const [admin] = await fleet.sql<{ id: number }>('SELECT min(id) AS id FROM admins');
    const before = await fleet.sql<{ usage: string }>(
      'SELECT users_usage AS usage FROM admins WHERE id = $1',
      [admin!.id],
    );
    const id = await fleet.addUser('ben', { adminId: admin!.id });
    node.core!.count(`${id}.ben`, 10n, 20n);
    await charged(id, 30n);
    node.core!.count(`${id}.ben`, 5n, 0n);
    await charged(id, 35n);
    const history = await fleet.sql(
      `SELECT node_id, used_traffic::int AS used, created_at = date_trunc('hour', now(), 'UTC') AS "isThisHour"
         FROM node_user_usages WHERE user_id = $1`,
      [id],
    );
    expect(history).toEqual([{ node_id: nodeId, used: 35, isThisHour: true }]);
    const after = await fleet.sql<{ usage: string }>(
      'SELECT users_usage AS usage FROM admins WHERE id = $1',
      [admin!.id],
    );
    expect(BigInt(after[0]!.usage) - BigInt(before[0]!.usage)).toBe(35n);
  });

  it('survives replies that are lost', async () => {
    const id = await fleet.addUser('cid');
    node.core!.failNext('QueryStats', 'lose_reply', 2);
    node.core!.count(`${id}.cid`, 100n, 0n);
    await charged(id, 100n);
  });

  it('is charged later when the database refuses it', async () => {
    const id = await fleet.addUser('dan');
    await fleet.sql(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
       CREATE TRIGGER refuse BEFORE UPDATE ON user_usage FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    node.core!.count(`${id}.dan`, 0n, 77n);
    await polled();
    expect(await usedBy(id)).toBe(0n);
    await fleet.sql('DROP TRIGGER refuse ON user_usage; DROP FUNCTION refuse()');
    await charged(id, 77n);
  });

  it('of another core process begins at zero again', async () => {
    const id = await fleet.addUser('eve');
    node.core!.count(`${id}.eve`, 1_000n, 0n);
    await charged(id, 1_000n);
    node.core!.count(`${id}.eve`, 24n, 0n); // read before the restart
    const { starts } = node;
    await fleet.sudo.post('/api/core/restart');
    await eventually(() => node.starts === starts + 1 && node.core?.isAlive);
    node.core!.count(`${id}.eve`, 5_000n, 0n); // more than was counted before
    await charged(id, 6_024n);
  });

  it('of a core that was restarted by others is neither doubled nor negative', async () => {
    const id = await fleet.addUser('fay');
    node.core!.count(`${id}.fay`, 300n, 0n);
    await charged(id, 300n);
    await node.start(JSON.stringify({ inbounds: [], outbounds: [] })); // without our marker
    await eventually(() => node.core?.emails && node.starts > 2 && tryCopies(`${id}.fay`) === TAGS.length);
    node.core!.count(`${id}.fay`, 400n, 0n);
    await charged(id, 700n);
  });
  const tryCopies = (email: string) => {
    try {
      return copies(node.core!, email);
    } catch {
      return 0;
    }
  };

  it('of accounts that are none of ours is ignored', async () => {
    const id = await fleet.addUser('gil');
    for (const email of ['ops@example', 'a.b', '999999.nobody', '99999999999.big', `${id}.gil>>>x`]) {
      node.core!.count(email, 9n, 9n);
    }
    node.core!.count(`${id}.gil`, 3n, 0n);
    await charged(id, 3n);
  });

  it('that reaches a limit cuts the user off at once', async () => {
    const id = await fleet.addUser('hal', { dataLimit: 1_000n });
    await eventually(() => copies(node.core!, `${id}.hal`) === TAGS.length);
    node.core!.count(`${id}.hal`, 0n, 1_000n);
    await eventually(() => copies(node.core!, `${id}.hal`) === 0, 2_000);
    expect(await fleet.sql('SELECT status FROM users WHERE id = $1', [id])).toEqual([{ status: 'limited' }]);
  });

  it('counts by the coefficient of the node, rounded down', async () => {
    const { node: dear } = await fleet.addNode({ coefficient: 1.5 });
    const id = await fleet.addUser('ian');
    await eventually(() => copies(dear.core!, `${id}.ian`) === TAGS.length);
    dear.core!.count(`${id}.ian`, 2n, 1n);
    await charged(id, 4n);
    node.core!.count(`${id}.ian`, 10n, 0n);
    await charged(id, 14n);
  });

  it('of one core is charged once however many polls arrive, and an older one is refused', async () => {
    const id = await fleet.addUser('jan');
    const usage = fleet.app.get(UsageRepository, { strict: false });
    const [lease] = await fleet.sql<{ epoch: string; core: string; polls: string }>(
      'SELECT owner_epoch AS epoch, core_epoch AS core, user_polls AS polls FROM node_runtime WHERE node_id = $1',
      [nodeId],
    );
    const poll = (after: bigint, up: bigint) => {
      const grant = { nodeId, kind: 'marzban_node' as const, epoch: BigInt(lease!.epoch) };
      const read = { grant, coreEpoch: BigInt(lease!.core), uptimeSeconds: 0, after };
      return usage.chargeUsers(read, new Map([[id, { up, down: 0n }]]), true);
    };
    const before = BigInt(lease!.polls);
    const sideBySide = await Promise.allSettled([100n, 200n, 300n].map((up) => poll(before, up)));
    expect(sideBySide.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await poll(before + 1n, 500n);
    expect(await usedBy(id)).toBe(500n);
    await expect(poll(before + 1n, 400n)).rejects.toThrow('too late');
    expect(await usedBy(id)).toBe(500n);
  });

  describe('of a core that nobody else works with', () => {
    const never = new AbortController().signal;
    let core: FakeXray;
    let connection: CoreConnection;
    let id: number;
    let grant: Grant;
    let usage: UsageRepository;

    beforeEach(async () => {
      usage = fleet.app.get(UsageRepository, { strict: false });
      id = await fleet.addUser(randomUUID());
      const [row] = await fleet.sql<{ id: number }>(
        `INSERT INTO nodes (kind, name, address, status)
         VALUES ('pg_node', gen_random_uuid()::text, 'fake', 'disabled') RETURNING id`,
      );
      grant = { nodeId: row!.id, kind: 'xray_grpc', epoch: 0n };
      const machine = new FakeNode();
      core = await machine.start(JSON.stringify({ inbounds: [], outbounds: [{ tag: 'DIRECT' }] }));
      connection = machine.connect();
    });
    afterEach(async () => {
      connection.close();
      await core.kill();
    });

    const count = (bytes: bigint) => {
      core.count(`${id}.kim`, bytes, 0n);
      core.countOutbound('DIRECT', bytes, 0n);
    };
    /** Of whoever found so many polls charged. */
    const meter = (polls: bigint) => {
      const process = new KnownProcess({ marker: undefined, uptimeSeconds: 0 });
      const known = { users: polls, outbounds: polls };
      return new UsageMeter(usage, { grant, process, coreEpoch: 0n, polls: known }, true);
    };
    const chargedToAll = async () => {
      const [node] = await fleet.sql<{ up: string }>('SELECT uplink::text AS up FROM nodes WHERE id = $1', [
        grant.nodeId,
      ]);
      return [await usedBy(id), BigInt(node!.up)];
    };

    it('is charged, when it was read before other that is charged, for what is beyond that', async () => {
      const [early, other, last] = [meter(0n), meter(0n), meter(1n)];
      count(100n);
      early.keep(await early.read(connection, never));
      count(50n);
      last.keep(await last.read(connection, never));
      const { users, outbounds } = await other.read(connection, never);
      await other.chargeUsers(users);
      await other.chargeOutbounds(outbounds);
      count(7n);
      await early.settle();
      expect(early.isSettled).toBe(true);
      expect(await chargedToAll()).toEqual([150n, 150n]);
      await last.settle();
      expect(await chargedToAll()).toEqual([150n, 150n]);
      last.keep(await last.read(connection, never));
      const unheard = { grant, coreEpoch: 0n, uptimeSeconds: 0, after: 3n };
      await usage.chargeUsers(unheard, new Map([[id, { up: 153n, down: 0n }]]), true);
      await last.settle();
      expect(await chargedToAll()).toEqual([157n, 157n]);
    });

    it('is read with one question for all counters of one moment, and one for the age of the process', async () => {
      count(100n);
      const { users, outbounds } = await meter(0n).read(connection, never);
      expect(users.values.get(id)).toEqual({ up: 100n, down: 0n });
      expect([...outbounds.values]).toEqual([['DIRECT', { up: 100n, down: 0n }]]);
      expect([...core.calls]).toEqual([
        ['QueryStats', 1],
        ['GetSysStats', 1],
      ]);
    });
  });

  it('of the same users on two nodes is charged side by side, and the sums are exact', async () => {
    const usage = fleet.app.get(UsageRepository, { strict: false });
    const ids = (
      await fleet.sql<{ id: number }>(
        `WITH added AS (INSERT INTO users (username, status, proxies)
                        SELECT 'both_' || i, 'disabled', '{}' FROM generate_series(1, 500) i RETURNING id),
              usage AS (INSERT INTO user_usage (user_id) SELECT id FROM added)
         SELECT id FROM added ORDER BY random()`,
      )
    ).map(({ id }) => id);
    const nodes = await fleet.sql<{ id: number }>(
      `INSERT INTO nodes (kind, name, address, status)
       SELECT 'pg_node', 'both ' || i, 'fake', 'disabled' FROM generate_series(1, 2) i RETURNING id`,
    );
    const rounds = 20;
    await Promise.all(
      nodes.map(async (row) => {
        for (let round = 1; round <= rounds; round++) {
          const traffic = new Map(ids.map((id) => [id, { up: BigInt(round * 10), down: BigInt(round) }]));
          const grant = { nodeId: row.id, kind: 'marzban_node' as const, epoch: 0n };
          await usage.chargeUsers(
            { grant, coreEpoch: 0n, uptimeSeconds: 0, after: BigInt(round - 1) },
            traffic,
            true,
          );
        }
      }),
    );
    const sums = await fleet.sql(
      `SELECT min(used_traffic)::int AS least, max(used_traffic)::int AS most
         FROM user_usage WHERE user_id = ANY ($1)`,
      [ids],
    );
    expect(sums).toEqual([{ least: 2 * 11 * rounds, most: 2 * 11 * rounds }]);
  });

  it('of all outbounds adds up to totals of the node and the installation, without the marker', async () => {
    const service = fleet.app.get(NodesService, { strict: false });
    const before = await service.trafficTotals();
    node.core!.countOutbound('DIRECT', 111n, 222n);
    node.core!.countOutbound('PANEL_CFG_0123456789abcdef', 5n, 5n);
    await eventually(async () => {
      const { up, down } = await service.trafficTotals();
      return up - before.up === 111n && down - before.down === 222n;
    });
    const history = await fleet.sql('SELECT sum(uplink)::int AS up FROM node_usages WHERE node_id = $1', [
      nodeId,
    ]);
    expect(history).toEqual([{ up: 111 }]);
  });
});
