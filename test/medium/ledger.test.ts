import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { UserChangesRepository } from '../../src/features/nodes/convergence/user-changes.repository.js';
import { NodesRepository } from '../../src/features/nodes/nodes.repository.js';
import { UsageRepository } from '../../src/features/nodes/metering/usage.repository.js';
import { UserReviews } from '../../src/features/users/index.js';
import { isForeignKeyViolation } from '../../src/shared/database/violations.js';
import { type Fleet, startFleet } from '../support/user-fleet.js';

const USERS = 600;
const ROUNDS = 15;

let fleet: Fleet;

beforeAll(async () => {
  fleet = await startFleet({ databasePoolSize: 12 });
  // What users had used when they were deleted, which nobody else remembers.
  await fleet.sql(
    `CREATE TABLE gone (user_id int, bytes bigint);
     CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       INSERT INTO gone VALUES (old.user_id, old.used_traffic + old.reset_traffic);
       RETURN old;
     END $$;
     CREATE TRIGGER remember BEFORE DELETE ON user_usage FOR EACH ROW EXECUTE FUNCTION remember()`,
  );
});
afterAll(() => fleet?.close());

let nodes: number[];
let ids: number[];
let resellerId: number;

beforeEach(async () => {
  await fleet.sql('DELETE FROM users');
  await fleet.sql('TRUNCATE gone, node_user_usages, node_user_counter');
  await fleet.sql('UPDATE admins SET users_usage = 0');
  resellerId = (await fleet.sql<{ id: number }>(`SELECT id FROM admins WHERE username = 'reseller'`))[0]!.id;
  // Rows lie in another order than their ids, as they do after a while of updates.
  await fleet.sql(
    `INSERT INTO users (username, admin_id, proxies, data_limit, expire_at)
     SELECT 'u' || i, $1, '{}', CASE WHEN i % 2 = 0 THEN 50 END, CASE WHEN i % 4 = 1 THEN now() - interval '1 day' END
       FROM generate_series(1, $2::int) i`,
    [resellerId, USERS],
  );
  await fleet.sql('INSERT INTO user_usage (user_id) SELECT id FROM users ORDER BY md5(id::text)');
  await fleet.sql('ANALYZE users, user_usage');
  ids = (await fleet.sql<{ id: number }>('SELECT id FROM users ORDER BY id')).map(({ id }) => id);
  await fleet.sql(
    `UPDATE nodes SET deleted_at = now() - interval '1 hour' WHERE kind <> 'local' AND deleted_at IS NULL`,
  );
  nodes = (
    await fleet.sql<{ id: number }>(
      `INSERT INTO nodes (kind, name, address, status)
       SELECT 'pg_node', gen_random_uuid()::text, 'none', 'disabled' FROM generate_series(1, 2) RETURNING id`,
    )
  ).map(({ id }) => id);
});

/** Every node reports more of every user, round after round, until `isOver`; at least a few rounds. Returns the totals by user. */
async function charge(isOver: () => boolean): Promise<Map<number, bigint>> {
  const usage = fleet.app.get(UsageRepository, { strict: false });
  const reported = new Map<number, bigint>();
  await Promise.all(
    nodes.map(async (nodeId) => {
      const grant = { nodeId, kind: 'pg_node' as const, epoch: 0n };
      let after = 0n; // polls, of a new node
      const counters = new Map(ids.map((id) => [id, { up: 0n, down: 0n }]));
      for (let round = 1; round <= 3 || !isOver(); round++) {
        for (const id of ids) {
          const { up, down } = counters.get(id)!;
          counters.set(id, { up: up + BigInt(id % 7), down: down + 1n });
          reported.set(id, (reported.get(id) ?? 0n) + BigInt(id % 7) + 1n);
        }
        const poll = { grant, coreEpoch: 0n, uptimeSeconds: 0, after: after++ };
        await usage.chargeUsers(poll, counters, true);
      }
    }),
  );
  return reported;
}

const answered = async (reply: Promise<{ status: number; text: string }>, ...also: number[]) => {
  const { status, text } = await reply;
  expect([200, ...also].includes(status) || text).toBe(true);
};
const future = 4_000_000_000;
const any = () => ids[Math.floor(Math.random() * ids.length)]!;
const nameOf = (id: number) => `u${id - ids[0]! + 1}`;
/** What a test does by itself keeps the order, too. */
const update = (values: string, where: string) =>
  fleet.sql(
    `WITH locked AS (SELECT id AS l FROM users WHERE ${where} ORDER BY id FOR NO KEY UPDATE)
     UPDATE users SET ${values} FROM locked WHERE id = l`,
  );
const unlessOwnerIsGone = (giving: Promise<unknown>) =>
  giving.catch((error: unknown) => {
    if (!isForeignKeyViolation(error, 'users_admin_id_fkey')) throw error;
  });
const review = () => fleet.app.get(UserReviews, { strict: false }).reviewStatuses(new Date());

const ACTIONS: Record<string, () => Promise<unknown>> = {
  'all users are reset': () => answered(fleet.sudo.post('/api/users/reset')),
  'one user after the other is reset': () =>
    answered(fleet.sudo.post(`/api/user/${nameOf(any())}/reset`), 404),
  'next plans are fired': async () => {
    await fleet.sql(
      `INSERT INTO next_plans (user_id, data_limit, add_remaining_traffic)
       SELECT id, 50, true FROM users WHERE data_limit IS NOT NULL ORDER BY id FOR KEY SHARE
       ON CONFLICT DO NOTHING`, // locked, for others delete users meanwhile
    );
    await update("status = 'active'", "status = 'limited'");
    await review();
  },
  'expired users are deleted': async () => {
    await update("status = 'expired', expire_at = now() - interval '1 day'", `id % 20 = ${any() % 20}`);
    await answered(fleet.sudo.delete('/api/users/expired?expired_after=2001-01-01'), 404);
  },
  'one user after the other is deleted': () => answered(fleet.sudo.delete(`/api/user/${nameOf(any())}`), 404),
  'the users of an admin are disabled and activated': async () => {
    await answered(fleet.sudo.post('/api/admin/reseller/users/disable'));
    await answered(fleet.sudo.post('/api/admin/reseller/users/activate'));
  },
  'users are given to admins who are deleted': async () => {
    await fleet.sql(
      `INSERT INTO admins (username) SELECT 'passing' || i FROM generate_series(1, 2) i ON CONFLICT DO NOTHING`,
    );
    await Promise.all(
      [1, 2].flatMap((i) => [
        answered(fleet.sudo.put(`/api/user/${nameOf(any())}/set-owner?admin_username=passing${i}`), 404),
        unlessOwnerIsGone(
          update(
            `admin_id = (SELECT id FROM admins WHERE username = 'passing${i}')`,
            `id % 40 = ${any() % 40}`,
          ),
        ),
        answered(
          fleet.sudo.put(`/api/user/${nameOf(any())}`, { data_limit: 1_000_000_000, expire: future }),
          404,
        ),
      ]),
    );
    await Promise.all([1, 2].map((i) => answered(fleet.sudo.delete(`/api/admin/passing${i}`), 404)));
  },
  'nodes are deleted, forgotten and told of another config': async () => {
    const repository = fleet.app.get(NodesRepository, { strict: false });
    await fleet.sql(
      `WITH added AS (
         INSERT INTO nodes (kind, name, address, status)
         SELECT 'pg_node', gen_random_uuid()::text, 'none', 'connecting' FROM generate_series(1, 3) RETURNING id
       )
       INSERT INTO node_user_counter SELECT added.id, users.id, 0, 1, 1 FROM added, users`,
    );
    await fleet.sql(
      `UPDATE nodes SET deleted_at = now() - interval '1 hour' WHERE id IN (
         SELECT id FROM nodes WHERE status IN ('connecting', 'error') ORDER BY id FOR NO KEY UPDATE)`,
    );
    await Promise.all([
      repository.forgetDeleted(),
      repository.failUnreachableKinds([]),
      fleet.app.get(UserChangesRepository, { strict: false }).prune(),
      answered(fleet.sudo.post('/api/core/restart')),
    ]);
  },
};

/** Every byte reported of a user is used now, was taken off by a reset, or went with the user. */
async function expectExact(reported: ReadonlyMap<number, bigint>, ownersStay: boolean): Promise<void> {
  const rows = await fleet.sql<Record<string, string | number>>(
    `SELECT user_id AS id, (used_traffic + reset_traffic)::text AS bytes,
            (used_traffic + (SELECT coalesce(sum(used_traffic_at_reset), 0)
                               FROM user_usage_logs l WHERE l.user_id = g.user_id))::text AS logged,
            (SELECT sum(used_traffic) FROM node_user_usages h WHERE h.user_id = g.user_id)::text AS history
       FROM user_usage g`,
  );
  const right = rows.map(({ id }) => {
    const bytes = String(reported.get(Number(id)));
    return { id, bytes, logged: bytes, history: bytes };
  });
  expect(rows).toEqual(right);
  const [sums] = await fleet.sql<{ charged: string; kept: string }>(
    `SELECT (SELECT sum(users_usage) FROM admins)::text AS charged,
            ((SELECT sum(used_traffic + reset_traffic) FROM user_usage) + (SELECT coalesce(sum(bytes), 0) FROM gone))::text AS kept`,
  );
  if (ownersStay) expect(sums!.charged).toBe(sums!.kept);
  const [orphans] = await fleet.sql(
    `SELECT (SELECT count(*)::int FROM node_user_counter WHERE user_id NOT IN (SELECT id FROM users)) AS counters,
            (SELECT count(*)::int FROM node_user_usages WHERE user_id NOT IN (SELECT id FROM users)) AS history`,
  );
  expect(orphans).toEqual({ counters: 0, history: 0 });
}

const deadlocks = async () => {
  await fleet.sql('SELECT pg_stat_force_next_flush()').catch(() => undefined); // new in PostgreSQL 15
  const [row] = await fleet.sql<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  );
  return row!.deadlocks;
};

it.each(Object.keys(ACTIONS))('each byte is charged once while %s', async (name) => {
  const before = await deadlocks();
  let isOver = false;
  const acting = (async () => {
    for (let round = 0; round < ROUNDS; round++) await Promise.all([ACTIONS[name]!(), ACTIONS[name]!()]);
  })().finally(() => (isOver = true));
  const [reported] = await Promise.all([charge(() => isOver), acting]);
  await expectExact(reported, !name.includes('admins who are deleted'));
  expect(await deadlocks()).toBe(before);
});

it('each byte is charged once while all of that happens at the same time', async () => {
  let isOver = false;
  const acting = Promise.all(
    Object.values(ACTIONS).map(async (act) => {
      for (let round = 0; round < 5; round++) await act();
    }),
  ).finally(() => (isOver = true));
  const [reported] = await Promise.all([charge(() => isOver), acting]);
  await expectExact(reported, false);
});
