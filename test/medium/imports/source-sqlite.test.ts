import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ImportRefused } from '../../../src/features/imports/imports.errors.js';
import { openSource } from '../../../src/features/imports/source/open-source.js';
import { TABLES } from '../../../src/features/imports/source/revisions.js';
import type { Source, SourceRow } from '../../../src/features/imports/source/source.js';
import { SqliteSource } from '../../../src/features/imports/source/sqlite-source.js';
import { eventually } from '../../support/eventually.js';
import { goldenImport } from '../../support/golden-import.js';
import { readInLittleMemory } from '../../support/read-in-little-memory.js';

let folder: string;
/** Where copies are made. */
let copies: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-test-'));
  copies = join(folder, 'copies');
  await mkdir(copies);
  vi.stubEnv('TMPDIR', copies);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Writes one number to all users and all admins, hundreds of times a second. */
const WRITER = `
  const database = new (require('libsql'))(process.argv[1]);
  const busyUntilDone = (sql) => { for (;;) try { return database.exec(sql); } catch (error) { if (error.code !== 'SQLITE_BUSY') throw error; } };
  database.exec('PRAGMA synchronous = OFF');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 1; ; round++) {
    Atomics.wait(pause, 0, 0, 2); // or nobody else would ever find it unlocked
    busyUntilDone('BEGIN IMMEDIATE');
    database.exec("UPDATE users SET note = '" + round + "'; UPDATE admins SET users_usage = " + round);
    busyUntilDone('COMMIT');
    if (round === 1) process.send('writing');
  }`;

/** A copy of a database of the data set, with whatever is beside it. */
async function databaseOf(name: string): Promise<string> {
  const file = join(folder, 'source', 'db.sqlite3');
  await mkdir(join(folder, 'source'));
  await cp(goldenImport(name), file);
  for (const part of ['-journal', '-wal'])
    await cp(goldenImport(name) + part, file + part).catch(() => undefined);
  return file;
}

async function rowsOf(source: Source, sql: string, parameters?: (string | number)[]): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const batch of source.read(sql, parameters)) rows.push(...batch);
  return rows;
}

/** What is in the folder of the source: names and contents. */
async function contentsOf(path: string): Promise<Map<string, string>> {
  const names = (await readdir(path)).toSorted();
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(join(path, name))).toString('base64')] as const),
    ),
  );
}

/** Who may do nothing that is not allowed to all. */
const NOBODY = 65_534;
const MAIN = 'marzban-0.8.4.sqlite3';

describe('a database on SQLite', () => {
  it('is read by name, with whole numbers exact, fractions, text and nothing as they are', async () => {
    const file = await databaseOf(MAIN);
    const source = await SqliteSource.open(file);
    expect(
      await rowsOf(
        source,
        'SELECT username, id, sub_revoked_at FROM users WHERE id < ? ORDER BY id LIMIT 1',
        [3],
      ),
    ).toEqual([{ username: expect.any(String), id: 1n, sub_revoked_at: null }]);
    expect(
      await rowsOf(
        source,
        "SELECT 9007199254740993 AS big, 1.5 AS fraction, CAST('x' AS BLOB) AS bytes, NULL AS absent",
      ),
    ).toEqual([{ big: 9007199254740993n, fraction: 1.5, bytes: 'x', absent: null }]);
    expect(source).toMatchObject({ engine: 'SQLite', description: `SQLite, ${file}`, bytes: 196_608n });
    await source.close();
  });

  it('comes in batches, so that any number of rows fits into memory', async () => {
    const source = await SqliteSource.open(await databaseOf(MAIN));
    const sizes: number[] = [];
    for await (const batch of source.read(
      'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12001) SELECT i FROM n',
    )) {
      sizes.push(batch.length);
    }
    expect(sizes).toEqual([5000, 5000, 2001]);
    await source.close();
  });

  it.each(['interrupted/journal.sqlite3', 'interrupted/wal.sqlite3'])(
    'that a killed panel left (%s) is what was committed, and stays as it was left',
    async (name) => {
      const file = await databaseOf(name);
      const before = await contentsOf(join(folder, 'source'));
      const source = await SqliteSource.open(file);
      const users = await rowsOf(source, 'SELECT id, username, status, note FROM users ORDER BY id');
      await source.close();

      const undisturbed = new Database(goldenImport(MAIN));
      const expected = undisturbed
        .prepare('SELECT id, username, status, note FROM users ORDER BY id')
        .safeIntegers(true)
        .all();
      undisturbed.close();
      expect(users.map(({ note: _, ...user }) => user)).toEqual(
        (expected as SourceRow[]).map(({ note: _, ...user }) => user),
      );
      expect(
        users.filter(({ note }) => note === 'never committed' || note === 'before the last change'),
      ).toEqual([]);
      expect(await contentsOf(join(folder, 'source'))).toEqual(before);
    },
  );

  it.each(['interrupted/journal.sqlite3', 'interrupted/wal.sqlite3', 'DELETE', 'WAL'])(
    'that may only be read (%s) is read all the same',
    async (name) => {
      const isInUse = !name.startsWith('interrupted');
      const file = await databaseOf(isInUse ? MAIN : name);
      const owner = isInUse ? new Database(file) : undefined;
      owner?.prepare(`PRAGMA journal_mode = ${name}`).all();
      owner?.exec(
        "UPDATE users SET note = 'mine'; BEGIN IMMEDIATE; UPDATE users SET note = 'never committed'",
      );
      const place = join(folder, 'source');
      for (const part of await readdir(place)) await chmod(join(place, part), 0o444);
      await chmod(place, 0o555);
      await chmod(folder, 0o755);
      await chmod(copies, 0o777);
      const before = await contentsOf(place);

      const isRoot = process.getuid!() === 0;
      if (isRoot) process.seteuid!(NOBODY); // root may write everywhere
      const opening = openSource(`sqlite:///${file}`);
      const source = await opening.finally(() => isRoot && process.seteuid!(0));
      const notes = (await rowsOf(source, 'SELECT DISTINCT note FROM users')).map(({ note }) => note);
      await source.close();
      expect([...(await contentsOf(place)).keys()]).toEqual([...before.keys()]);
      owner?.close();
      await chmod(place, 0o755);
      if (owner) expect(notes).toEqual(['mine']);
      else
        for (const note of ['never committed', 'before the last change']) expect(notes).not.toContain(note);
    },
  );

  it.each(['DELETE', 'WAL'])(
    'in use (%s) is read as it was, while its owner goes on writing',
    async (mode) => {
      const file = await databaseOf(MAIN);
      const owner = new Database(file);
      owner.prepare(`PRAGMA journal_mode = ${mode}`).all();
      owner.exec("UPDATE users SET note = 'committed'");
      owner.exec("BEGIN IMMEDIATE; UPDATE users SET note = 'not committed'");
      const source = await SqliteSource.open(file);
      owner.exec("COMMIT; UPDATE users SET note = 'later'");
      owner.close();
      expect(await rowsOf(source, 'SELECT DISTINCT note FROM users')).toEqual([{ note: 'committed' }]);
      await source.close();
    },
  );

  it.each([
    ['at once', undefined],
    ['without being held, as it takes long', 0n],
  ])('is copied %s, of one moment, while its owner writes on and on', async (_, quicklyCopiedBytes) => {
    const file = await databaseOf(MAIN);
    const owner = spawn(process.execPath, ['-e', WRITER, file], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    try {
      await once(owner, 'message');
      for (let round = 0; round < 3; round++) {
        const source = await SqliteSource.open(file, { quicklyCopiedBytes });
        const notes = await rowsOf(source, 'SELECT DISTINCT note FROM users');
        const usages = await rowsOf(source, 'SELECT DISTINCT CAST(users_usage AS CHAR) AS note FROM admins');
        expect(notes).toHaveLength(1);
        expect(usages).toEqual(notes);
        await source.close();
      }
      expect(owner.exitCode).toBeNull();
    } finally {
      const exit = once(owner, 'exit');
      owner.kill('SIGKILL');
      await exit;
    }
  });

  it('with texts that are no UTF-8 is read, and said where', async () => {
    const file = await databaseOf(MAIN);
    const owner = new Database(file);
    owner.exec(
      `UPDATE users SET note = CAST(x'61ffc3' AS TEXT) WHERE id = 1;
       UPDATE users SET username = CAST('name' || x'ff' AS TEXT) WHERE id = 2;
       UPDATE users SET username = CAST('name' || x'fe' AS TEXT) WHERE id = 3;
       UPDATE users SET note = 'نام', status = x'616374697665' WHERE id = 4`,
    );
    owner.close();
    const source = await SqliteSource.open(file);
    expect(
      await rowsOf(source, 'SELECT username, status, note FROM users WHERE id < 5 ORDER BY id'),
    ).toMatchObject([
      { note: 'a��' },
      { username: 'name�' },
      { username: 'nameþ' },
      { note: 'نام', status: 'active' },
    ]);
    expect(source.remarks).toEqual([
      'users, row 1: note is no UTF-8; what cannot be read of it is �.',
      'users, row 2: username is no UTF-8; what cannot be read of it is �.',
      'users, row 3: username is no UTF-8; what cannot be read of it is �.',
    ]);
    await source.close();
  });

  it('with what old releases, migrations and hands left in it is read whole', async () => {
    const file = await databaseOf(MAIN);
    const owner = new Database(file);
    owner.exec(`PRAGMA foreign_keys = OFF; ${await readFile(goldenImport('odd-rows.sqlite.sql'), 'utf8')}`);
    const counts = TABLES.map(
      (table) => owner.prepare(`SELECT count(*) FROM "${table}"`).raw(true).all()[0] as [number],
    );
    owner.close();
    const source = await openSource(`sqlite:///${file}`);
    for (const [i, table] of TABLES.entries()) {
      expect(await rowsOf(source, `SELECT * FROM \`${table}\``)).toHaveLength(counts[i]![0]);
    }
    const odd = await rowsOf(
      source,
      "SELECT username, used_traffic FROM users WHERE id = 9003 OR typeof(used_traffic) = 'real'",
    );
    expect(odd).toContainEqual({ username: 'odd_a_nl\n', used_traffic: 0n });
    expect(odd.some(({ used_traffic: bytes }) => typeof bytes === 'number' && !Number.isInteger(bytes))).toBe(
      true,
    );
    await source.close();
  });

  it('is read from a copy of which nothing is left, not even while it is read', async () => {
    const source = await SqliteSource.open(await databaseOf(MAIN));
    const names = await readdir(copies);
    await rowsOf(source, 'SELECT * FROM users ORDER BY note');
    await source.close();
    expect(names).toEqual([]);
  });

  it('with a million hourly rows is read in little memory', async () => {
    const file = await databaseOf(MAIN);
    const owner = new Database(file);
    owner.exec(
      `PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; DELETE FROM node_user_usages;
       INSERT INTO node_user_usages (created_at, user_id, node_id, used_traffic)
       WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)
       SELECT strftime('%Y-%m-%d %H:00:00.000000', 1700000000 + i / 4000 * 3600, 'unixepoch'), i / 4 % 1000, i % 4, i FROM n`,
    );
    owner.close();
    expect(await readInLittleMemory(`sqlite:///${file}`)).toEqual({
      rows: 1_000_000,
      traffic: '499999500000',
      largest: 5000,
    });
  });

  it('whose copy is still waited for when the import is given up leaves nothing', async () => {
    const file = await databaseOf(MAIN);
    const other = new Database(file);
    other.exec('BEGIN EXCLUSIVE');
    const giveUp = new AbortController();
    const opening = SqliteSource.open(file, { signal: giveUp.signal });
    await eventually(async () => (await readdir(copies)).length > 0);
    giveUp.abort();
    await expect(opening).rejects.toThrow('aborted');
    expect(await readdir(copies)).toEqual([]);
    other.close();
  });

  it('is read no further once the import is given up', async () => {
    const giveUp = new AbortController();
    const source = await SqliteSource.open(await databaseOf(MAIN), { signal: giveUp.signal });
    const batches = source.read(
      'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
    );
    await batches.next();
    giveUp.abort();
    await expect(batches.next()).rejects.toThrow('aborted');
    await source.close();
  });
});

describe('a file that cannot be imported is refused in one sentence:', () => {
  const reason = async (file: string): Promise<string> => {
    const error = await openSource(`sqlite:///${file}`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ImportRefused);
    expect(await readdir(copies)).toEqual([]);
    return (error as Error).message;
  };

  it('one that is not there, and is not made', async () => {
    expect(await reason(join(folder, 'none.sqlite3'))).toMatch(
      /^There is no file .+none\.sqlite3: name that of/,
    );
    expect(await readdir(folder)).toEqual(['copies']);
  });

  it('a folder, or what is no file', async () => {
    expect(await reason(folder)).toMatch(/is a folder: name the database in it\.$/);
    expect(await reason('/dev/null')).toMatch(/is no regular file/);
  });

  it('an empty one, as a mistyped path leaves it', async () => {
    const file = join(folder, 'empty.sqlite3');
    await writeFile(file, '');
    expect(await reason(file)).toMatch(/is empty, as SQLite leaves it behind for a mistyped path/);
  });

  it.each(['-- MariaDB dump 10.19\n'.repeat(100), 'SQLite'])('one that is no database (%#)', async (text) => {
    const file = join(folder, 'dump.sql');
    await writeFile(file, text);
    expect(await reason(file)).toMatch(/is no database of SQLite: name the file that Marzban uses/);
  });

  it('one that was cut off', async () => {
    const file = await databaseOf(MAIN);
    await truncate(file, 100_000);
    expect(await reason(file)).toMatch(/is damaged or not all of it \(.+\): take a whole copy/);
  });

  it('one that is damaged inside', async () => {
    const file = await databaseOf(MAIN);
    const handle = await open(file, 'r+');
    await handle.write(Buffer.alloc(40_960, 0xa5), 0, 40_960, 81_920);
    await handle.close();
    expect(await reason(file)).toMatch(/is damaged or not all of it \(.+\): take a whole copy/);
  });

  it('one that is still being copied to its place', async () => {
    const file = await databaseOf(MAIN);
    const handle = await open(file, 'a');
    const refused = new AbortController();
    const growing = (async () => {
      while (!refused.signal.aborted) await handle.write(Buffer.alloc(4096));
      await handle.close();
    })();
    const text = await reason(file).finally(() => refused.abort());
    await growing;
    expect(text).toMatch(/goes on changing while it is copied, by somebody who does not lock it/);
  });

  it('one that another program keeps locked', async () => {
    const file = await databaseOf(MAIN);
    const other = new Database(file);
    other.exec('BEGIN EXCLUSIVE');
    await expect(SqliteSource.open(file, { patienceMilliseconds: 100 })).rejects.toThrow(
      /has been locked by another program/,
    );
    const waiting = SqliteSource.open(file);
    other.exec('COMMIT');
    other.close();
    await (await waiting).close();
  });

  it('one whose copy has no room', async () => {
    const file = await databaseOf(MAIN);
    await truncate(file, 2 ** 42);
    expect(await reason(file)).toMatch(/has no room in .+: set TMPDIR to a folder with 4398047 MB free\.$/);
  });

  it.each([
    ['DROP TABLE alembic_version', /no table alembic_version/],
    ['DELETE FROM alembic_version', /alembic_version of this database is empty/],
    [
      "INSERT INTO alembic_version VALUES ('2ea33513efc0')",
      /several revisions \(2b231de97dc3, 2ea33513efc0\)/,
    ],
    [
      "UPDATE alembic_version SET version_num = 'dd725e4d3628'",
      /of Marzban 0\.4\.5–0\.4\.9 \(revision dd725e4d3628\)\. Update Marzban to 0\.8\.4 first/,
    ],
    ["UPDATE alembic_version SET version_num = 'f2b9caa23e16'", /of an unfinished Marzban 1\.0/],
    ["UPDATE alembic_version SET version_num = '0123456789ab'", /revision 0123456789ab, of another panel/],
    ['DROP TABLE users', /is not whole: it lacks users\. If it was loaded from a dump/],
    ['DELETE FROM jwt', /is not whole: it has no key of its tokens/],
  ])('one of another schema: %s', async (statement, expected) => {
    const file = await databaseOf(MAIN);
    const database = new Database(file);
    database.exec(`PRAGMA foreign_keys = OFF; ${statement}`);
    database.close();
    expect(await reason(file)).toMatch(expected);
  });
});
