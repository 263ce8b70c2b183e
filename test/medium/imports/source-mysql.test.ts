import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ImportRefused } from '../../../src/features/imports/imports.errors.js';
import { parseDatabaseUrl } from '../../../src/features/imports/source/database-url.js';
import { type MysqlOptions, MysqlSource } from '../../../src/features/imports/source/mysql-source.js';
import { openSource } from '../../../src/features/imports/source/open-source.js';
import { TABLES } from '../../../src/features/imports/source/revisions.js';
import type { Source, SourceRow } from '../../../src/features/imports/source/source.js';
import { BlackHole } from '../../support/black-hole.js';
import { createAuthority } from '../../support/certificates.js';
import { goldenImport } from '../../support/golden-import.js';
import { hasMariaDb, MariaDb } from '../../support/mariadb.js';
import { readInLittleMemory } from '../../support/read-in-little-memory.js';
import { freePort } from '../../support/service-process.js';

const DUMP = goldenImport('marzban-0.8.4.mariadb.sql');

async function rowsOf(source: Source, sql: string, parameters?: (string | number)[]): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const batch of source.read(sql, parameters)) rows.push(...batch);
  return rows;
}

function open(url: string, options: MysqlOptions = {}): Promise<MysqlSource> {
  const parsed = parseDatabaseUrl(url);
  if (parsed.engine !== 'mysql') throw new Error(`${url} is no server`);
  return MysqlSource.open(parsed.address, options);
}

/** Why it is refused; never with the password. */
async function reason(opening: Promise<Source>): Promise<string> {
  const error = await opening.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImportRefused);
  const { message } = error as Error;
  expect(message).not.toMatch(/p@ss|p%40ss|wrong-secret/);
  return message;
}

describe.runIf(hasMariaDb())('a database on MariaDB', () => {
  let server: MariaDb;
  let url: string;
  const sources: Source[] = [];
  beforeAll(async () => {
    server = await MariaDb.start();
    url = await server.load('marzban', DUMP);
  });
  afterAll(() => server?.close());
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.close()));
  });
  const opened = async (options?: MysqlOptions) => {
    const source = await open(url, options);
    sources.push(source);
    return source;
  };

  it('is read by name: whole numbers exact, single fractions as they were written, instants and JSON as text', async () => {
    const source = await openSource(url);
    sources.push(source);
    expect(
      await rowsOf(source, 'SELECT id, usage_coefficient, created_at FROM nodes WHERE id = ?', [1]),
    ).toEqual([
      {
        id: 1,
        usage_coefficient: expect.any(Number),
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:/),
      },
    ]);
    expect(
      await rowsOf(
        source,
        "SELECT 9007199254740993 AS big, SUM(9007199254740993) AS sum, CAST(0.7 AS FLOAT) AS fraction, '🌟 x' AS text, NULL AS absent",
      ),
    ).toEqual([
      { big: '9007199254740993', sum: '9007199254740993', fraction: 0.7, text: '🌟 x', absent: null },
    ]);
    const [proxy] = await rowsOf(
      source,
      'SELECT CAST(settings AS CHAR) AS settings FROM proxies WHERE id = 1',
    );
    expect(JSON.parse(proxy!.settings as string)).toBeTypeOf('object');
    expect(source).toMatchObject({
      engine: 'MariaDB',
      description: `MariaDB, database marzban at 127.0.0.1:${server.port}`,
    });
    expect(source.bytes).toBeGreaterThan(100_000n);
  });

  it('is reached through its socket', async () => {
    const source = await openSource(
      `mysql+pymysql://${MariaDb.user}:p%40ss%2Fword@/marzban?unix_socket=${server.socketPath}`,
    );
    sources.push(source);
    expect(await rowsOf(source, 'SELECT version_num FROM alembic_version')).toEqual([
      { version_num: '2b231de97dc3' },
    ]);
    expect(source.description).toBe(`MariaDB, database marzban at ${server.socketPath}`);
  });

  it('is one view of all tables, whatever the panel writes meanwhile, and only read', async () => {
    const source = await opened();
    await server.query("INSERT INTO jwt VALUES (2, 'x'); DELETE FROM alembic_version", 'marzban');
    try {
      expect(await rowsOf(source, 'SELECT version_num FROM alembic_version')).toHaveLength(1);
      expect(await rowsOf(source, 'SELECT id FROM jwt')).toHaveLength(1);
    } finally {
      await server.query(
        "DELETE FROM jwt WHERE id = 2; INSERT INTO alembic_version VALUES ('2b231de97dc3')",
        'marzban',
      );
    }
    await expect(rowsOf(source, 'DELETE FROM jwt')).rejects.toThrow(/READ ONLY/);
  });

  it('with what old releases, migrations and hands left in it is read whole', async () => {
    const source = await openSource(await server.load('odd', DUMP, goldenImport('odd-rows.mariadb.sql')));
    sources.push(source);
    for (const table of TABLES) {
      const [count] = await rowsOf(source, `SELECT COUNT(*) AS n FROM \`${table}\``);
      expect(await rowsOf(source, `SELECT * FROM \`${table}\``)).toHaveLength(Number(count!.n));
    }
    expect(await rowsOf(source, 'SELECT username FROM users WHERE id = 9003')).toEqual([
      { username: 'odd_a_nl\n' },
    ]);
  });

  it('comes in batches, as fast as they are taken, and whoever stops half-way can ask on', async () => {
    const source = await opened();
    const sizes: number[] = [];
    for await (const batch of source.read('SELECT seq FROM seq_1_to_12001')) sizes.push(batch.length);
    expect(sizes).toEqual([5000, 5000, 2001]);
    for await (const [first] of source.read('SELECT seq FROM seq_1_to_50000')) {
      expect(first).toEqual({ seq: '1' });
      break;
    }
    expect(await rowsOf(source, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(rowsOf(source, 'SELECT no_such_column FROM users')).rejects.toThrow(/no_such_column/);
    expect(await rowsOf(source, 'SELECT 2 AS two')).toEqual([{ two: 2 }]);
  });

  it('with a million hourly rows is read in little memory', async () => {
    const many = await server.load('many', DUMP);
    await server.query(
      `SET foreign_key_checks = 0; DELETE FROM node_user_usages;
       INSERT INTO node_user_usages (created_at, user_id, node_id, used_traffic)
       SELECT '2024-01-01' + INTERVAL seq DIV 4000 HOUR, seq DIV 4 % 1000, seq % 4, seq FROM seq_0_to_999999`,
      'many',
    );
    expect(await readInLittleMemory(many)).toEqual({
      rows: 1_000_000,
      traffic: '499999500000',
      largest: 5000,
    });
  }, 60_000);

  it('is read no further once the import is given up', async () => {
    const giveUp = new AbortController();
    const source = await opened({ signal: giveUp.signal });
    const batches = source.read('SELECT seq FROM seq_1_to_100000000');
    await batches.next();
    giveUp.abort();
    await expect(batches.next()).rejects.toThrow('aborted');
  });

  it.each([
    [
      'RENAME TABLE alembic_version TO gone',
      /no table alembic_version/,
      'RENAME TABLE gone TO alembic_version',
    ],
    [
      "UPDATE alembic_version SET version_num = '2ea33513efc0'",
      /of Marzban 0\.7\.0 .+Update Marzban to 0\.8\.4 first/,
      "UPDATE alembic_version SET version_num = '2b231de97dc3'",
    ],
    ['RENAME TABLE users TO gone', /is not whole: it lacks users/, 'RENAME TABLE gone TO users'],
    [
      'SET foreign_key_checks = 0; UPDATE users SET id = id + 1000 WHERE id > 20',
      /is not whole: it has credentials of users that are not in it/,
      'SET foreign_key_checks = 0; UPDATE users SET id = id - 1000 WHERE id > 1000',
    ],
  ])('of another schema, or loaded by half, is refused: %s', async (statement, expected, undo) => {
    await server.query(statement, 'marzban');
    try {
      expect(await reason(openSource(url))).toMatch(expected);
    } finally {
      await server.query(undo, 'marzban');
    }
  });

  it('that does not let us in is refused in one sentence', async () => {
    const at = `127.0.0.1:${server.port}`;
    expect(await reason(openSource(`mysql+pymysql://marzban:wrong-secret@${at}/marzban`))).toMatch(
      /does not let in marzban with this password: take the URL as it stands/,
    );
    expect(await reason(openSource(`mysql+pymysql://root@${at}/none`))).toMatch(
      /has no database of that name/,
    );
    await server.query(
      'CREATE DATABASE IF NOT EXISTS forbidden; CREATE TABLE IF NOT EXISTS forbidden.alembic_version (x INT)',
    );
    expect(await reason(openSource(server.url('forbidden')))).toMatch(
      /does not let marzban read it: grant SELECT/,
    );
    await server.query(
      "CREATE USER IF NOT EXISTS some@'%' IDENTIFIED BY ''; GRANT SELECT ON marzban.users TO some@'%'",
    );
    expect(await reason(openSource(`mysql+pymysql://some@${at}/marzban`))).toMatch(
      /does not let some read it/,
    );
  });

  it.each(['KILL', 'KILL QUERY'])('that ends the connection (%s) while it is read is named', async (kill) => {
    const source = await opened();
    const [row] = await rowsOf(source, 'SELECT CONNECTION_ID() AS id');
    const batches = source.read('SELECT seq FROM seq_1_to_100000000');
    await batches.next();
    await server.query(`${kill} ${row!.id}`);
    const error = await (async () => {
      for await (const _ of batches);
    })().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ImportRefused);
    expect(String(error)).toMatch(/ended the connection|was told to stop answering/);
  });

  it('that falls silent while it is asked is given up', async () => {
    const source = await opened({ silenceMilliseconds: 3000 });
    await expect(rowsOf(source, 'SELECT SLEEP(60)')).rejects.toThrow(
      /^database marzban at .+ has said nothing for 3 seconds: look at what it does/,
    );
  });
});

describe.runIf(hasMariaDb())('a connection that is encrypted', () => {
  let server: MariaDb;
  let folder: string;
  let login: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'source-mysql-test-'));
    const authority = await createAuthority();
    await writeFile(join(folder, 'ca.pem'), authority.certificate);
    await writeFile(join(folder, 'other.pem'), (await createAuthority()).certificate);
    server = await MariaDb.start(await authority.issue('localhost'));
    login = (await server.load('marzban')).replace(/127\.0\.0\.1.*/, '');
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const cipher = async (host: string, query: string) => {
    const source = await open(`${login}${host}:${server.port}/marzban?${query}`);
    const [status] = await rowsOf(source, "SHOW STATUS LIKE 'Ssl_cipher'");
    await source.close();
    return status!.Value;
  };

  it('as the URL says is made with a server that the authority knows by its name', async () => {
    expect(await cipher('localhost', '')).toBe('');
    expect(await cipher('localhost', `ssl_ca=${folder}/ca.pem`)).toMatch(/^TLS_/);
    expect(await cipher('127.0.0.1', `ssl_ca=${folder}/ca.pem&ssl_check_hostname=false`)).toMatch(/^TLS_/);
  });

  it('is refused where the authority does not know the server', async () => {
    const url = `${login}localhost:${server.port}/marzban?ssl_ca=${folder}/other.pem`;
    expect(await reason(open(url))).toMatch(/^The server of .+ cannot be read \(.*certificate/);
  });
});

describe('an address where no MySQL answers is refused in one sentence:', () => {
  const listeners: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(
      listeners.splice(0).map((listener) => new Promise((resolve) => listener.close(resolve))),
    );
  });
  const listen = async (greet: (socket: Socket) => void): Promise<string> => {
    const listener = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      greet(socket);
    });
    listeners.push(listener);
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    return `mysql+pymysql://marzban:wrong-secret@127.0.0.1:${(listener.address() as AddressInfo).port}/marzban`;
  };

  it('nobody listens', async () => {
    const port = await freePort();
    expect(await reason(open(`mysql+pymysql://marzban:wrong-secret@127.0.0.1:${port}/marzban`))).toMatch(
      /^The server of database marzban at 127\.0\.0\.1:\d+ is not there: start it/,
    );
    expect(
      await reason(open('mysql://marzban:wrong-secret@/marzban?unix_socket=/nowhere/mysqld.sock')),
    ).toMatch(/at \/nowhere\/mysqld\.sock is not there/);
  });

  it('a host nobody knows', async () => {
    expect(await reason(open('mysql+pymysql://marzban:wrong-secret@no-such-host.invalid/marzban'))).toMatch(
      /The host no-such-host\.invalid of the database is not known here/,
    );
  });

  it('one that takes the connection and says nothing', async () => {
    const url = await listen(() => undefined);
    expect(await reason(open(url, { connectMilliseconds: 100 }))).toMatch(/does not answer: is it running/);
  });

  it('one that drops what it is sent', async () => {
    const port = await freePort();
    const hole = await BlackHole.at(port);
    try {
      const url = `mysql+pymysql://marzban:wrong-secret@127.0.0.1:${port}/marzban`;
      expect(await reason(open(url, { connectMilliseconds: 100 }))).toMatch(/does not answer: is it running/);
    } finally {
      await hole.end();
    }
  });

  it('one that hangs up, or speaks another language', async () => {
    expect(await reason(open(await listen((socket) => socket.end())))).toMatch(/ended the connection/);
    const other = await listen((socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
    );
    expect(await reason(open(other, { connectMilliseconds: 2000 }))).toMatch(
      /^The server of .+(cannot be read|ended the connection|does not answer)/,
    );
  });

  it('or what it should be encrypted with is not there', async () => {
    expect(await reason(open('mysql://u:wrong-secret@127.0.0.1/m?ssl_ca=/nowhere/ca.pem'))).toMatch(
      /The file \/nowhere\/ca\.pem, which the URL of the database names, cannot be read \(it does not exist\)/,
    );
  });
});
