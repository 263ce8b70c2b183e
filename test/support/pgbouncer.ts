import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../src/shared/database/data-source.js';
import { eventually } from './eventually.js';
import { freePort } from './service-process.js';

/** Where `npm run pgbouncer:install` puts it. */
const executable = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'margrave', 'pgbouncer');

/** Without it, tests with a PgBouncer are skipped, and the run says so; where `CI` is set that is a failure. */
export function hasPgBouncer(): boolean {
  if (existsSync(executable)) return true;
  const missing = 'No PgBouncer was found: run `npm run pgbouncer:install`.';
  if (process.env.CI && process.env.CI !== 'false') throw new Error(missing);
  process.stderr.write(`\n*** Tests with PgBouncer are SKIPPED. ${missing}\n\n`);
  return false;
}

/** A real PgBouncer before the server of the tests, in transaction mode unless the settings say otherwise. */
export class PgBouncer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly connection: { url: string; isPooled: true },
    private readonly port: number,
    private readonly user: string | undefined,
  ) {}

  static async before(
    target: Connection,
    settings: Record<string, string | number> = {},
  ): Promise<PgBouncer> {
    const { socketDir, user, database } = target as Extract<Connection, { socketDir: string }>;
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'margrave-pgbouncer-'));
    await chmod(folder, 0o755);
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'any',
      pool_mode: 'transaction',
      max_prepared_statements: 200,
      default_pool_size: 10,
      max_client_conn: 500,
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
    await writeFile(
      join(folder, 'pgbouncer.ini'),
      ['[databases]', `* = host=${socketDir} user=${user}`, '[pgbouncer]', ...lines, ''].join('\n'),
    );
    const url = `postgresql://${user}@127.0.0.1:${port}/${database}`;
    // It refuses to be root, and only their owner may enter the server's folders.
    const owner = execFileSync('id', ['-nu', String(statSync(socketDir).uid)], { encoding: 'utf8' }).trim();
    const bouncer = new PgBouncer(
      folder,
      { url, isPooled: true },
      port,
      process.getuid?.() === 0 ? owner : undefined,
    );
    await bouncer.start();
    return bouncer;
  }

  async start(): Promise<void> {
    const as = this.user === undefined ? [] : ['-u', this.user];
    const child = spawn(executable, ['-q', ...as, join(this.folder, 'pgbouncer.ini')], { stdio: 'ignore' });
    this.child = child;
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`);
      const socket = createConnection(this.port, '127.0.0.1');
      await once(socket, 'connect').finally(() => socket.destroy());
      return true;
    });
  }

  /** Ends it without a word to anybody. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
