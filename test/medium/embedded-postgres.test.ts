import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientOptions, type Connection } from '../../src/shared/database/data-source.js';
import { EmbeddedPostgres } from '../../src/shared/database/embedded-postgres.js';
import { StartupError } from '../../src/config/startup-error.js';
import { eventually } from '../support/eventually.js';

let base: string;
const running: EmbeddedPostgres[] = [];
const bystanders: ChildProcess[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'margrave-pg-'));
  chmodSync(base, 0o755); // as root, PostgreSQL runs as somebody else
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  for (const child of bystanders.splice(0)) child.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
});

async function start(folder = join(base, 'postgres')): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start({ folder });
  running.push(server);
  return server;
}

async function query(connection: Connection, sql: string): Promise<unknown[]> {
  const client = new pg.Client(clientOptions(connection));
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

const postmasterPid = () =>
  Number(readFileSync(join(base, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
const exists = (pid: number) => existsSync(`/proc/${pid}/cwd`);

/** A process that has nothing to do with PostgreSQL. */
function bystander(command: string, ...args: string[]): number {
  const child = spawn(command, args, { stdio: 'ignore' });
  bystanders.push(child);
  return child.pid!;
}

/** What a server that was killed together with its machine leaves behind, its number now being another process's. */
function leaveNote(pid: number): void {
  const folder = join(base, 'postgres');
  const note = [
    pid,
    join(folder, 'data'),
    1700000000,
    5432,
    join(folder, 'run'),
    '',
    ' 5432001 0',
    'ready',
    '',
  ];
  writeFileSync(join(folder, 'data/postmaster.pid'), note.join('\n'));
  writeFileSync(join(folder, 'run/.s.PGSQL.5432.lock'), note.join('\n'));
}

async function errorOf(attempt: Promise<unknown>): Promise<StartupError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartupError);
  return error as StartupError;
}

describe('the embedded PostgreSQL', { timeout: 60_000 }, () => {
  it('keeps its data over a stop and a start', async () => {
    const first = await start();
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = postmasterPid();
    expect(await first.stop()).toBe('stopped');
    expect(exists(pid)).toBe(false);
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await query(second.connection, 'SELECT n FROM kept')).toEqual([42]);
  });

  it('orders texts the same way on every machine, and counts time in UTC', async () => {
    const { connection } = await start();
    expect(await query(connection, `SELECT datlocale FROM pg_database WHERE datname = 'postgres'`)).toEqual([
      'C.UTF-8',
    ]);
    expect(await query(connection, `SHOW timezone`)).toEqual(['UTC']);
  });

  it('is adopted when it already runs, as after a kill of the service', async () => {
    await start();
    const pid = postmasterPid();
    const second = await start();
    expect(second.adopted).toBe(true);
    expect(postmasterPid()).toBe(pid);
    expect(await second.stop()).toBe('stopped');
  });

  it('is left running while another service uses it', async () => {
    const server = await start();
    const other = new pg.Client(clientOptions(server.connection));
    await other.connect();
    expect(await (await start()).stop()).toBe('left running');
    await other.end();
    expect(await server.stop()).toBe('stopped');
  });

  it('is left running when it is too busy to say who uses it', async () => {
    const server = await start();
    process.kill(postmasterPid(), 'SIGSTOP');
    try {
      expect(await server.stop()).toBe('left running');
    } finally {
      process.kill(postmasterPid(), 'SIGCONT');
    }
    expect(await server.stop()).toBe('stopped');
  });

  it('is one server for two services that start at the same moment', async () => {
    const both = await Promise.all([start(), start()]);
    await query(both[0].connection, 'CREATE TABLE shared AS SELECT 1 AS n');
    expect(await query(both[1].connection, 'SELECT n FROM shared')).toEqual([1]);
  });

  it('comes back by itself, with its data, when it is killed', async () => {
    const server = await start();
    server.keepAlive();
    await query(server.connection, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = postmasterPid();
    process.kill(pid, 'SIGKILL');
    await eventually(() => postmasterPid() !== pid);
    expect(await eventually(() => query(server.connection, 'SELECT n FROM kept'))).toEqual([42]);
    expect(await server.stop()).toBe('stopped');
  });

  it('starts once the children of a server that was killed are gone', async () => {
    await start();
    const pid = postmasterPid();
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number);
    process.kill(child!, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    const starting = start();
    const log = join(base, 'postgres/postgres.log');
    await eventually(() => readFileSync(log, 'utf8').includes('pre-existing shared memory block'));
    process.kill(child!, 'SIGCONT');
    expect((await starting).adopted).toBe(false);
  });

  it('starts although an unrelated process has the number of the old server', async () => {
    await (await start()).stop();
    leaveNote(bystander('sleep', '60'));
    expect((await start()).adopted).toBe(false);
  });

  it('starts although the old server is a zombie that nobody reaps', async () => {
    await (await start()).stop();
    const parent = bystander('sh', '-c', 'sleep 0 & exec sleep 60');
    const zombie = await eventually(() => {
      const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
      const isZombie = children !== '' && /\) Z /.test(readFileSync(`/proc/${children}/stat`, 'utf8'));
      return isZombie && Number(children);
    });
    leaveNote(zombie);
    expect((await start()).adopted).toBe(false);
  });

  it('puts its socket elsewhere when the path of its folder is too long for one', async () => {
    const server = await start(join(base, 'x'.repeat(90), 'postgres'));
    const { socketDir } = server.connection as { socketDir: string };
    expect(socketDir.length).toBeLessThan(60);
    expect(await query(server.connection, 'SELECT 1')).toEqual([1]);
    await server.stop();
    expect(existsSync(socketDir)).toBe(false);
  });

  it.each([
    ['empty', ''],
    ['garbage', 'garbage\n\0\n'],
    ['half written', '12'],
    ['of nobody', '-1\n/x\n'],
  ])('starts although the note of the old server is %s', async (_, note) => {
    await (await start()).stop();
    writeFileSync(join(base, 'postgres/data/postmaster.pid'), note);
    writeFileSync(join(base, 'postgres/run/.s.PGSQL.5432.lock'), note);
    expect((await start()).adopted).toBe(false);
  });

  it('is made reachable again when somebody removed the socket of a running server', async () => {
    const first = await start();
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = postmasterPid();
    rmSync(join(base, 'postgres/run/.s.PGSQL.5432'));
    const second = await start();
    expect(exists(pid)).toBe(false);
    expect(await query(second.connection, 'SELECT n FROM kept')).toEqual([42]);
  });

  it('comes back by itself when the folder of its socket is removed', async () => {
    const server = await start();
    server.keepAlive();
    rmSync(join(base, 'postgres/run'), { recursive: true });
    expect(await eventually(() => query(server.connection, 'SELECT 42 AS n'), 30_000)).toEqual([42]);
  });

  it('is never two servers on the same data, when the note of a running one is lost', async () => {
    const first = await start();
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = postmasterPid();
    rmSync(join(base, 'postgres/data/postmaster.pid'));
    rmSync(join(base, 'postgres/run/.s.PGSQL.5432.lock'));
    const second = await start();
    expect(exists(pid)).toBe(false);
    expect(await query(second.connection, 'SELECT n FROM kept')).toEqual([42]);
  });

  it('is reached by nobody else', async () => {
    await start();
    const folder = join(base, 'postgres');
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(await query(running[0]!.connection, 'SHOW listen_addresses')).toEqual(['']);
  });

  it('forgets a database that was never completed', async () => {
    const half = join(base, 'postgres/data.init.killed');
    mkdirSync(join(half, 'base'), { recursive: true });
    utimesSync(half, new Date(0), new Date(0));
    await start();
    expect(existsSync(half)).toBe(false);
  });

  it('says in one line that its folder cannot be made', async () => {
    writeFileSync(join(base, 'file'), '');
    const { message } = await errorOf(start(join(base, 'file/postgres')));
    expect(message).toMatch(
      /^Cannot use the data folder .*file\/postgres: a file of that name is in the way .*DATA_DIR/,
    );
    expect(message).not.toContain('\n');
  });

  it('says in one line that its data are damaged', async () => {
    await (await start()).stop();
    writeFileSync(join(base, 'postgres/data/PG_VERSION'), '');
    const { message } = await errorOf(start());
    expect(message).toMatch(/holds no database that can be used: its PG_VERSION is damaged\. Restore/);
    expect(message).not.toContain('\n');
  });

  it('says in one line that its disk is full, and starts once it is not', async () => {
    const disk = join(base, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=755', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      process.stderr.write('NOT TESTED: a full disk, since no small file system can be mounted here\n');
      return;
    }
    try {
      const full = join(disk, 'full');
      const fill = () => spawnSync('dd', ['if=/dev/zero', `of=${full}`, 'bs=64k']);
      fill();
      const first = await errorOf(start(join(disk, 'postgres')));
      expect(first.message).toMatch(/no space is left on (its disk|the device)/);
      expect(first.message).not.toContain('\n');
      rmSync(full);
      await (await start(join(disk, 'postgres'))).stop();
      fill();
      const second = await errorOf(start(join(disk, 'postgres')));
      expect(second.message).toMatch(
        /^The embedded PostgreSQL did not start: no space is left on its disk\. /,
      );
      expect(second.message).not.toContain('\n');
      rmSync(full);
      await (await start(join(disk, 'postgres'))).stop();
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });

  it('says in one line that its data are of another version', async () => {
    await (await start()).stop();
    writeFileSync(join(base, 'postgres/data/PG_VERSION'), '12\n');
    const { message } = await errorOf(start());
    expect(message).toMatch(/was made by PostgreSQL 12; this is \d+/);
  });

  it('says in one line, in its own words, why it did not start', async () => {
    await (await start()).stop();
    writeFileSync(join(base, 'postgres/data/postgresql.conf'), `no_such_setting = 1\n`);
    const { message } = await errorOf(start());
    expect(message).toMatch(/^The embedded PostgreSQL did not start: .*contains errors \(its log: /);
    expect(message).not.toContain('\n');
  });
});
