import { Logger } from '@nestjs/common';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  type MockInstance,
  vi,
} from 'vitest';
import type { Connection } from '../../../src/shared/database/data-source.js';
import type { FakeNode } from '../../fakes/fake-node.js';
import { administer, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { copies, type FakeFleet, startFakeFleet, TAGS } from '../../support/fake-fleet.js';

/** Tables that follow the users' one in a restore, and what the nodes have been brought to. */
const TABLES = ['users', 'user_usage', 'user_change', 'control_meta', 'node_runtime', 'node_lease'] as const;

describe('a database that is restored from a dump on the same server', { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let fleet: FakeFleet;
  let errors: MockInstance;
  let node: FakeNode;
  let nodeId: number;

  beforeAll(() => {
    errors = vi.spyOn(Logger.prototype, 'error');
  });
  beforeEach(async () => {
    database = await createTestDatabase();
    fleet = await startFakeFleet({}, database.connection);
    ({ node, id: nodeId } = await fleet.addNode());
    await served('kept');
  });
  afterEach(async () => {
    await fleet.close();
    await database.drop();
    errors.mockClear();
  });
  afterAll(() => errors.mockRestore());

  /** Adds a user and waits until the core has it. */
  async function served(username: string): Promise<string> {
    const email = `${await fleet.addUser(username)}.${username}`;
    await eventually(() => has(email));
    await eventually(async () => (await place()).isSettled);
    return email;
  }
  const has = (email: string) => copies(node.core!, email) === TAGS.length;
  const place = async () =>
    (
      await fleet.sql<{ isSettled: boolean; outbox: string }>(
        `SELECT r.cursor_outbox = m.outbox_id AND NOT r.full_sync_needed AS "isSettled", m.outbox_id AS outbox
           FROM node_runtime r, control_meta m WHERE r.node_id = $1`,
        [nodeId],
      )
    )[0]!;
  const dump = () => fleet.sql(`CREATE SCHEMA dump; ${TABLES.map(kept).join('')}`);
  const kept = (table: string) => `CREATE TABLE dump.${table} AS TABLE ${table};`;
  const restored = (table: string) =>
    `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM dump.${table};`;

  it('is noticed in another database that takes its name: every node is compared as a whole', async () => {
    const { database: name } = database.connection as Extract<Connection, { socketDir: string }>;
    await whileNobodyIsConnected(name, `CREATE DATABASE ${name}_copy TEMPLATE ${name}`);
    const lost = await served('lost');
    const { outbox } = await place();
    await whileNobodyIsConnected(
      name,
      `ALTER DATABASE ${name} RENAME TO ${name}_former`,
      `ALTER DATABASE ${name}_copy RENAME TO ${name}`,
    );
    await eventually(() => copies(node.core!, lost) === 0);
    await served('new');
    expect((await place()).outbox).not.toBe(outbox);
    expect(node.starts).toBe(1);
    await administer(`DROP DATABASE ${name}_former WITH (FORCE)`);
  });

  it('is noticed in the same tables', async () => {
    await dump();
    const lost = await served('lost');
    await fleet.sql(`BEGIN; TRUNCATE ${TABLES.join(', ')} CASCADE; ${TABLES.map(restored).join('')} COMMIT`);
    await eventually(() => copies(node.core!, lost) === 0);
    await served('new');
    expect(node.starts).toBe(1);
  });

  it('takes nobody off a node before all of it is there', async () => {
    const email = await served('late');
    await dump();
    const [trigger] = await fleet.sql<{ sql: string }>(
      `SELECT pg_get_triggerdef(oid) AS sql FROM pg_trigger WHERE tgname = 'users_added'`,
    );
    // As pg_restore: empty tables, then their rows, one table after the other, the triggers last.
    await fleet.sql(
      `BEGIN; TRUNCATE ${TABLES.join(', ')} CASCADE; DROP TRIGGER users_added ON users;
       ${TABLES.slice(2).map(restored).join('')} UPDATE node_runtime SET full_sync_needed = true; COMMIT`,
    );
    await eventually(() =>
      errors.mock.calls.some(([{ err }]) => (err as Error)?.name === 'DatabaseIncomplete'),
    );
    // What is due meanwhile finds nothing to compare with.
    await fleet.sql('UPDATE nodes SET restart_generation = restart_generation + 1');
    await fleet.sql("SELECT pg_notify('node_wake', '')");
    await fleet.sql(TABLES.slice(0, 2).map(restored).join(''));
    expect(has(email)).toBe(true);
    await fleet.sql(trigger!.sql);
    await eventually(() => node.starts === 2 && has(email), 20_000);
    await served('new');
  });
});

async function whileNobodyIsConnected(name: string, ...statements: string[]): Promise<void> {
  await administer(
    `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`,
    ...statements,
    `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`,
  );
}
