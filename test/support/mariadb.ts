import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { serverUser, type ServerUser } from '../../src/shared/database/postgres-user.js';
import type { Certificate } from './certificates.js';
import { eventually } from './eventually.js';
import { freePort } from './service-process.js';

/** Of Debian's package `mariadb-server-core`, which has no service. */
const EXECUTABLE = '/usr/sbin/mariadbd';
/** Of its system tables; 11 and newer have other names for them. */
const SCRIPTS = [
  ['/usr/share/mysql', 'mysql'],
  ['/usr/share/mysql', 'mariadb'],
  ['/usr/share/mariadb', 'mariadb'],
].map(([folder, name]) => ['', '_data'].map((end) => `${folder}/${name}_system_tables${end}.sql`));
/** Nothing of it has to outlive the tests. */
const QUICK = [
  '--no-defaults',
  '--debug-no-sync',
  '--innodb-log-file-size=16M',
  '--innodb-flush-method=nosync',
  '--innodb-flush-log-at-trx-commit=0',
  '--skip-innodb-doublewrite',
];

/** Without it, tests with a MariaDB are skipped, and the run says so; where `CI` is set that is a failure. */
export function hasMariaDb(): boolean {
  if (existsSync(EXECUTABLE)) return true;
  const missing = `No MariaDB was found: apt-get install --no-install-recommends mariadb-server-core.`;
  if (process.env.CI && process.env.CI !== 'false') throw new Error(missing);
  process.stderr.write(`\n*** Tests with MariaDB are SKIPPED. ${missing}\n\n`);
  return false;
}

/** A throw-away MariaDB, as Marzban's operators have it. */
export class MariaDb {
  /** Its owner in all databases that are loaded. */
  static readonly user = 'marzban';
  static readonly password = 'p@ss/word';

  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  get socketPath(): string {
    return join(this.folder, 'socket');
  }

  /** @param certificate what it encrypts connections with, where they ask for it */
  static async start(certificate?: Certificate): Promise<MariaDb> {
    const folder = await mkdtemp(join(tmpdir(), 'margrave-mariadb-'));
    const data = join(folder, 'data');
    await chmod(folder, 0o755);
    await mkdir(data);
    // It refuses to be root.
    const user = await serverUser(data);
    if (user) for (const path of [folder, data]) await chown(path, user.uid, user.gid);
    await makeSystemTables(data, user);
    const tls = certificate ? await writeCertificate(folder, certificate) : [];
    const port = await freePort();
    const child = spawn(
      EXECUTABLE,
      [
        ...[...QUICK, ...tls],
        ...[`--datadir=${data}`, `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`],
        ...['--bind-address=127.0.0.1', `--port=${port}`, '--innodb-buffer-pool-size=256M'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], ...user },
    );
    const server = new MariaDb(folder, child, port);
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-4000)));
    try {
      await eventually(async () => {
        if (child.exitCode !== null) return true;
        await server.query('SELECT 1');
        return true;
      }, 30_000);
      if (child.exitCode !== null) throw new Error(`MariaDB ended with ${child.exitCode}: ${said}`);
      await server.query(`CREATE USER '${MariaDb.user}'@'%' IDENTIFIED BY '${MariaDb.password}'`);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** What stands in Marzban's `.env` for this database. */
  url(database: string): string {
    const login = `${MariaDb.user}:${encodeURIComponent(MariaDb.password)}`;
    return `mysql+pymysql://${login}@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes a database from dumps, in their order; returns its URL. */
  async load(database: string, ...dumps: string[]): Promise<string> {
    await this.query(
      `DROP DATABASE IF EXISTS ${database};
       CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
       GRANT ALL ON ${database}.* TO '${MariaDb.user}'@'%'`,
    );
    for (const dump of dumps) await this.query(await readFile(dump, 'utf8'), database);
    return this.url(database);
  }

  /** Statements of its root. */
  async query(sql: string, database?: string): Promise<unknown> {
    const root = await this.connect(database);
    try {
      const [rows] = await root.query(sql);
      return rows;
    } finally {
      await root.end();
    }
  }

  connect(database?: string): Promise<Connection> {
    return createConnection({
      ...{ socketPath: this.socketPath, user: 'root', database, charset: 'utf8mb4' },
      multipleStatements: true,
    });
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exit;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function writeCertificate(folder: string, { certificate, key }: Certificate): Promise<string[]> {
  const files = { cert: certificate, key };
  for (const [name, pem] of Object.entries(files)) await writeFile(join(folder, `${name}.pem`), pem);
  return Object.keys(files).map((name) => `--ssl-${name}=${join(folder, `${name}.pem`)}`);
}

/** What `mariadb-install-db` does; that one needs programs of two more packages. */
async function makeSystemTables(data: string, user: ServerUser | undefined): Promise<void> {
  const scripts = SCRIPTS.find((paths) => paths.every((path) => existsSync(path)));
  if (!scripts) throw new Error('The scripts of the system tables are not where Debian has them');
  const files = await Promise.all(scripts.map((path) => readFile(path, 'utf8')));
  const child = spawn(EXECUTABLE, [...QUICK, '--bootstrap', `--datadir=${data}`], {
    stdio: ['pipe', 'ignore', 'pipe'],
    ...user,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-4000)));
  child.stdin.on('error', () => undefined); // its end says why
  child.stdin.end(
    [
      ...['CREATE DATABASE mysql;', 'USE mysql;'],
      ...['SET @auth_root_socket = NULL;', 'SET @skip_auth_anonymous = 1;', ...files, ''],
    ].join('\n'),
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`MariaDB could not make its tables: ${said}`);
}
