import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportReport, isAccountedFor } from '../../../src/features/imports/index.js';
import { sumLines } from '../../../src/features/imports/domain/report.js';
import { clientOptions } from '../../../src/shared/database/data-source.js';
import { startApp } from '../../support/app.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import {
  contentsOf,
  copyOfSource,
  goldenImport,
  importConfig,
  importFrom,
  type SourceCopy,
} from '../../support/imports.js';

let target: TestDatabase;
let source: SourceCopy;
beforeEach(async () => {
  target = await createTestDatabase();
  source = await copyOfSource();
});
afterEach(async () => {
  await target.drop();
  await source.remove();
});

const MANY_MS = 60_000;

const sql = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> => {
  const client = new pg.Client(clientOptions(target.connection));
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
};

const golden = async (name: string) =>
  JSON.parse(await readFile(goldenImport(`expected/sqlite/${name}`), 'utf8'));
const facts = ({ tables, sums, remarks, warnings }: ImportReport) => ({
  tables,
  sums: sumLines(sums),
  remarks,
  warnings,
});
/** What tells when something was done, or in which order rows came to lie. */
const TIMES = [
  'imports',
  'activity',
  'secrets',
  'control_meta',
  'user_counts',
  'job_lease',
  'core_config',
  'replica',
];

describe('an import into an empty installation', () => {
  it(
    'reads every row, and its sums are those of the source',
    async () => {
      const report = await importFrom(source.url, target.connection);
      const { rows, sums } = await golden('source.json');
      const read = Object.fromEntries(report.tables.map((table) => [table.table, table.read]));
      expect(read).toEqual(rows);
      const lines = new Map(sumLines(report.sums).map((line) => [line.sum, line]));
      for (const [sum, amount] of Object.entries(sums))
        expect([sum, lines.get(sum)?.source]).toEqual([sum, amount]);
      expect(isAccountedFor(report)).toBe(true);
      expect(report.proof?.certificate).toBe(true);
      expect(report.proof!.users.length).toBeGreaterThanOrEqual(10);
    },
    MANY_MS,
  );

  it(
    'leaves users with their ids, and no changes for the nodes one by one',
    async () => {
      await importFrom(source.url, target.connection);
      const { user_ids } = await golden('source.json');
      const users = await sql<{ id: number; username: string }>('SELECT id, username FROM users');
      expect(Object.fromEntries(users.map(({ id, username }) => [username, id]))).toEqual(user_ids);
      expect(await sql('SELECT user_id FROM user_change')).toEqual([]);
      const nodes = await sql(
        'SELECT id, kind FROM nodes JOIN node_runtime ON node_id = id WHERE full_sync_needed ORDER BY id',
      );
      expect(nodes.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
        '1 marzban_node',
        '3 marzban_node',
        '4 marzban_node',
        '5 marzban_node',
        '6 local',
      ]);
      await sql(`INSERT INTO users (username, proxies) VALUES ('after', '{}')`);
      const [after] = await sql<{ id: number }>("SELECT id FROM users WHERE username = 'after'");
      expect(after!.id).toBeGreaterThan(99_999); // rows of a user of that id were seen
    },
    MANY_MS,
  );

  it(
    'is told once in the activity, beside the core config',
    async () => {
      await importFrom(source.url, target.connection);
      const noted = await sql(
        "SELECT action, actor_kind, subject_name FROM activity WHERE actor_kind = 'import' ORDER BY id",
      );
      expect(noted).toEqual([
        { action: 'core_config_updated', actor_kind: 'import', subject_name: null },
        { action: 'marzban_imported', actor_kind: 'import', subject_name: `SQLite, ${source.file}` },
      ]);
    },
    MANY_MS,
  );

  it(
    'finds one that had been started before',
    async () => {
      const before = await startApp({}, target.connection);
      await sql(
        `INSERT INTO nodes (kind, name, address, data_dir_id) VALUES ('local', 'Master', '127.0.0.1', gen_random_uuid())`,
      );
      const [{ data_dir_id: folder }] = (await sql("SELECT data_dir_id FROM nodes WHERE kind = 'local'")) as [
        pg.QueryResultRow,
      ];
      await before.close();
      const report = await importFrom(source.url, target.connection);
      expect(isAccountedFor(report)).toBe(true);
      // The local core has the history of the source's, and goes on in its folder.
      expect(await sql("SELECT id, data_dir_id, uplink::text FROM nodes WHERE kind = 'local'")).toEqual([
        { id: 6, data_dir_id: folder, uplink: '9007199254740995' },
      ]);
      const expected = await golden('hosts.json');
      const hosts = await sql<{ tag: string; count: number }>(
        'SELECT tag, count(h.id)::int AS count FROM inbounds LEFT JOIN hosts h ON h.inbound_tag = tag GROUP BY tag',
      );
      const counts = Object.fromEntries(hosts.map(({ tag, count }) => [tag, count]));
      for (const [tag, list] of Object.entries<unknown[]>(expected))
        expect([tag, counts[tag]]).toEqual([tag, list.length]);
    },
    MANY_MS,
  );

  it(
    'carries the core config in its order',
    async () => {
      await importFrom(source.url, target.connection);
      const app = await startApp({ ...importConfig(), role: 'all' }, target.connection);
      try {
        const reply = await app.sudo.get('/api/core/config');
        expect(reply.text.replaceAll(/\s/g, '')).toBe(
          JSON.stringify(await golden('core-config.json')).replaceAll(/\s/g, ''),
        );
      } finally {
        await app.close();
      }
    },
    MANY_MS,
  );
});

describe('a dry run', () => {
  it(
    'reports the same, and writes nothing',
    async () => {
      const started = await startApp({ ...importConfig(), role: 'all' }, target.connection);
      await started.close();
      const before = await contentsOf(target.connection);
      const dry = await importFrom(source.url, target.connection, { isDry: true });
      expect(await contentsOf(target.connection)).toEqual(before);
      expect(dry.proof).toBeUndefined();
      const real = await importFrom(source.url, target.connection);
      expect(facts(real)).toEqual(facts(dry));
    },
    MANY_MS,
  );

  it(
    'needs no installation',
    async () => {
      const dry = await importFrom(source.url, undefined, { isDry: true });
      expect(facts(await importFrom(source.url, target.connection))).toEqual(facts(dry));
    },
    MANY_MS,
  );
});

describe('another import of the same source', () => {
  it(
    'changes nothing when nothing changed there',
    async () => {
      await importFrom(source.url, target.connection);
      const before = await contentsOf(target.connection, TIMES);
      const again = await importFrom(source.url, target.connection, { isFinal: true });
      const after = await contentsOf(target.connection, TIMES);
      // Rows without an identity of their own are made anew.
      for (const table of ['hosts', 'user_usage_logs', 'admin_usage_logs']) {
        const withoutId = (rows: string[] | undefined) =>
          rows?.map((row) => row.replace(/^\(\d+,/, '(')).toSorted();
        expect([table, withoutId(after[table])]).toEqual([table, withoutId(before[table])]);
        delete after[table];
        delete before[table];
      }
      expect(after).toEqual(before);
      expect(isAccountedFor(again)).toBe(true);
    },
    MANY_MS,
  );

  it(
    'takes no crowd of users away without being told to',
    async () => {
      await importFrom(source.url, target.connection);
      source.sql('DELETE FROM proxies WHERE user_id > 10', 'DELETE FROM users WHERE id > 10');
      const words = /^The source has 10 users and 64 were imported before: .* With --overwrite the 54 /;
      await expect(importFrom(source.url, target.connection, { isFinal: true })).rejects.toThrow(words);
      await expect(importFrom(source.url, target.connection, { isDry: true })).rejects.toThrow(words);
      expect((await contentsOf(target.connection)).users).toHaveLength(64);
      await importFrom(source.url, target.connection, { isFinal: true, overwrites: true });
      expect((await contentsOf(target.connection)).users).toHaveLength(10);
    },
    MANY_MS,
  );

  it(
    'brings what came, and removes what vanished',
    async () => {
      await importFrom(source.url, target.connection);
      source.sql(
        "UPDATE users SET used_traffic = used_traffic + 5, online_at = '2026-11-28 01:00:00.000000' WHERE id = 1",
        'DELETE FROM proxies WHERE user_id IN (2, 64)',
        'DELETE FROM node_user_usages WHERE user_id IN (2, 64)',
        'DELETE FROM users WHERE id IN (2, 64)',
        // SQLite gives the id of the last one again.
        "INSERT INTO users (id, username, status, used_traffic, created_at) VALUES (64, 'newcomer', 'active', 1, '2026-11-28 00:30:00.000000')",
        'INSERT INTO proxies (id, user_id, type, settings) VALUES (5000, 64, \'Trojan\', \'{"password": "p", "flow": ""}\')',
        'DELETE FROM user_templates WHERE id = 5',
        'DELETE FROM nodes WHERE id = 4',
        'DELETE FROM node_usages WHERE node_id = 4',
        'DELETE FROM node_user_usages WHERE node_id = 4',
        "INSERT INTO node_user_usages (created_at, user_id, node_id, used_traffic) VALUES ('2026-11-28 01:00:00.000000', 64, NULL, 7)",
        "UPDATE node_user_usages SET used_traffic = 99 WHERE created_at = (SELECT MAX(created_at) FROM node_user_usages WHERE created_at < '2026-11-28')",
      );
      const report = await importFrom(source.url, target.connection, { isFinal: true });
      expect(report.warnings).toContain('Users that are no longer at the source were removed here: 2.');
      expect(report.remarks.filter(({ verdict }) => verdict === 'refused')).toEqual([]);
      expect(isAccountedFor(report)).toBe(true);
      const fresh = await createTestDatabase();
      try {
        await importFrom(source.url, fresh.connection);
        for (const table of [
          'users',
          'user_usage',
          'next_plans',
          'user_templates',
          'node_user_usages',
          'node_usages',
        ]) {
          const [here, there] = await Promise.all(
            [target.connection, fresh.connection].map(
              async (connection) => (await contentsOf(connection))[table],
            ),
          );
          expect([table, here]).toEqual([table, there]);
        }
      } finally {
        await fresh.drop();
      }
    },
    MANY_MS,
  );

  it(
    'does not undo what was changed here, unless it is told to',
    async () => {
      await importFrom(source.url, target.connection);
      const app = await startApp({ ...importConfig(), role: 'all' }, target.connection);
      await app.sudo.put('/api/user/alice', { note: 'changed here' });
      await app.sudo.post('/api/user', { username: 'made_here', proxies: { shadowsocks: {} } });
      await app.close();
      await expect(importFrom(source.url, target.connection)).rejects.toThrow(
        /2 users \("alice", "made_here"\)/,
      );
      const report = await importFrom(source.url, target.connection, { overwrites: true });
      expect(report.tables.find(({ table }) => table === 'users')).toMatchObject({ imported: 64 });
      const notes = await sql(
        "SELECT username, note FROM users WHERE username IN ('alice', 'made_here') ORDER BY 1",
      );
      expect(notes).toEqual([
        { username: 'alice', note: expect.stringContaining('کاربر') },
        { username: 'made_here', note: null },
      ]);
    },
    MANY_MS,
  );
});

describe('a target with users', () => {
  const fill = async () => {
    const app = await startApp({}, target.connection);
    await app.sudo.post('/api/user', { username: 'alice', proxies: { shadowsocks: {} } });
    await sql("SELECT setval('users_id_seq', 499)");
    await app.sudo.post('/api/user', { username: 'first', proxies: { shadowsocks: {} } });
    await app.close();
  };

  it(
    'is refused',
    async () => {
      await fill();
      await expect(importFrom(source.url, target.connection)).rejects.toThrow(/users: 2.*--merge/);
    },
    MANY_MS,
  );

  it(
    'is added to with a merge, where those that clash are named and stay as they are',
    async () => {
      await fill();
      const mine = await sql("SELECT u::text FROM users u WHERE username IN ('alice', 'first') ORDER BY id");
      const report = await importFrom(source.url, target.connection, { isMerge: true });
      const clash = report.remarks.find(({ table, verdict }) => table === 'users' && verdict === 'refused');
      expect(clash?.lines).toEqual([expect.objectContaining({ id: 1n, name: 'alice' })]);
      expect(isAccountedFor(report)).toBe(true);
      expect(
        await sql("SELECT u::text FROM users u WHERE username IN ('alice', 'first') ORDER BY id"),
      ).toEqual(mine);
      expect(await sql('SELECT count(*)::int AS n FROM users')).toEqual([{ n: 65 }]);
      expect(await sql('SELECT count(*)::int AS n FROM node_user_usages WHERE user_id = 1')).toEqual([
        { n: 0 },
      ]);
      const again = await importFrom(source.url, target.connection, { isMerge: true });
      expect(again.tables.find(({ table }) => table === 'node_user_usages')?.read).toBe(273);
    },
    MANY_MS,
  );
});

describe('while a service runs', () => {
  it(
    'nothing is imported, but a dry run is',
    async () => {
      await importFrom(source.url, target.connection, { isDry: true });
      await sql("INSERT INTO replica (id, name) VALUES (gen_random_uuid(), 'here')");
      await expect(importFrom(source.url, target.connection)).rejects.toThrow(
        /running on this database \(here\)/,
      );
      expect((await importFrom(source.url, target.connection, { isDry: true })).dryRun).toBe(true);
    },
    MANY_MS,
  );
});
