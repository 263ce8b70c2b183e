import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImportReport, isAccountedFor } from '../../../src/features/imports/index.js';
import { startApp, type TestApp } from '../../support/app.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import {
  copyOfSource,
  goldenImport,
  importConfig,
  importFrom,
  type SourceCopy,
} from '../../support/imports.js';

interface OddRow {
  what: string;
  table: string;
  id?: number;
  username?: string | null;
  name?: string;
  verdict: 'keep' | 'adjust' | 'drop' | 'refuse';
  expect?: Record<string, unknown>;
}

let target: TestDatabase;
let source: SourceCopy;
let report: ImportReport;
let app: TestApp;
let rows: OddRow[];
beforeAll(async () => {
  [target, source] = await Promise.all([createTestDatabase(), copyOfSource()]);
  source.sql(await readFile(goldenImport('odd-rows.sqlite.sql'), 'utf8'));
  report = await importFrom(source.url, target.connection);
  app = await startApp({ ...importConfig(), role: 'all' }, target.connection);
  ({ rows } = JSON.parse(await readFile(goldenImport('expected/sqlite/odd-rows.json'), 'utf8')));
}, 60_000);
afterAll(async () => {
  await app?.close();
  await target?.drop();
  await source?.remove();
});

const VERDICTS = { keep: undefined, adjust: 'adjusted', drop: 'dropped', refuse: 'refused' } as const;

/** Verdicts on a user or its credentials. */
const verdictsOn = (name: string | null | undefined, id: number | undefined) =>
  report.remarks
    .filter(({ table }) => table === 'users' || table === 'proxies')
    .filter(({ lines }) =>
      lines.some((line) => (name === null ? line.id === BigInt(id ?? 0) : line.name === name)),
    )
    .map(({ verdict }) => verdict);

describe('rows that Marzban cannot show', () => {
  it('are all accounted for', () => {
    expect(isAccountedFor(report)).toBe(true);
  });

  it('are kept, adjusted or refused, and told of', () => {
    const found = rows
      // SQLite makes a number of this text itself, as it keeps it.
      .filter(({ table, what }) => table === 'users' && what !== 'a number as text')
      .map(({ what, verdict, username, id }) => {
        const verdicts = verdictsOn(username, id);
        const told = (['refused', 'dropped', 'adjusted'] as const).find((each) => verdicts.includes(each));
        return { what, told, wanted: VERDICTS[verdict] };
      });
    expect(found.filter(({ told, wanted }) => told !== wanted)).toEqual([]);
  });

  it('are shown as they should be', async () => {
    for (const row of rows.filter(({ table, verdict }) => table === 'users' && verdict !== 'refuse')) {
      const reply = await app.sudo.get(`/api/user/${encodeURIComponent(row.username!)}`);
      const { proxies, ...rest } = row.expect ?? {};
      expect([row.what, reply.status]).toEqual([row.what, 200]);
      expect([row.what, reply.json]).toEqual([row.what, expect.objectContaining(rest)]);
      if (proxies) expect([row.what, reply.json.proxies]).toEqual([row.what, proxies]);
    }
  });

  it.each([
    ['admins', 'adjusted', 1],
    ['nodes', 'adjusted', 2],
    ['hosts', 'adjusted', 2],
    ['hosts', 'refused', 1],
    ['users', 'refused', 2],
    ['user_templates', 'adjusted', 1],
    ['next_plans', 'adjusted', 1],
    ['node_usages', 'adjusted', 1],
  ] as const)('of %s are %s: %i', (table, verdict, count) => {
    expect(report.tables.find((each) => each.table === table)?.[verdict]).toBe(count);
  });

  it('draw what is missing once', async () => {
    const other = await createTestDatabase();
    try {
      await importFrom(source.url, other.connection);
      const replica = await startApp({ ...importConfig(), role: 'all' }, other.connection);
      for (const name of ['odd_a_noid', 'odd_a_nopw', 'odd_a_badid', 'odd_a_nullset']) {
        const [here, there] = await Promise.all(
          [app, replica].map(
            async ({ sudo }) => (await sudo.get(`/api/user/${name}`)).json.proxies as unknown,
          ),
        );
        expect(here).toEqual(there);
      }
      await replica.close();
    } finally {
      await other.drop();
    }
  }, 60_000);
});
