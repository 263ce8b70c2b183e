// Builds the PgBouncer that the tests run into the cache folder of this user, where all checkouts find it, from Debian's
// source package, which apt checks. One that is there already is left alone. What builds it comes from the system:
// a C compiler, make, pkg-config and libevent-dev.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const RELEASE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const ARCHIVE = 'http://deb.debian.org/debian';

// As test/support/pgbouncer.ts looks for it.
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'margrave');
const target = join(folder, 'pgbouncer');

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args[0]} failed:\n${stdout}${stderr}`);
}

function build(work) {
  for (const name of ['lists/partial', 'cache/archives/partial', 'source', 'build']) {
    mkdirSync(join(work, name), { recursive: true });
  }
  writeFileSync(join(work, 'sources.list'), `deb-src [signed-by=${KEYRING}] ${ARCHIVE} ${RELEASE} main\n`);
  // Its own lists, or this machine would be offered another release's packages from now on.
  const apt = [
    ['Dir::Etc::sourcelist', join(work, 'sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', join(work, 'lists')],
    ['Dir::Cache', join(work, 'cache')],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run('apt-get', [...apt, '-qq', 'update']);
  const source = join(work, 'source');
  run('apt-get', [...apt, '-qq', '--download-only', 'source', 'pgbouncer'], { cwd: source });
  const archive = readdirSync(source).find((name) => name.includes('.orig.tar.'));
  const cwd = join(work, 'build');
  run('tar', ['-xf', join(source, archive), '--strip-components=1'], { cwd });
  run('./configure', ['--without-openssl', '--without-cares'], { cwd });
  run('make', ['-j2', 'pgbouncer'], { cwd });
  copyFileSync(join(cwd, 'pgbouncer'), `${target}.${process.pid}`);
  renameSync(`${target}.${process.pid}`, target);
}

if (existsSync(target)) console.log(`PgBouncer is in ${target}`);
else {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'pgbouncer-'));
  try {
    console.log('Building PgBouncer');
    build(work);
    console.log(`Built ${target}`);
  } catch (error) {
    console.error(`PgBouncer cannot be installed: ${error.message}`);
    process.exitCode = 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
