// Puts the releases of Node.js that are supported (node-versions.json) into the cache folder of this user, where all
// checkouts find them: the executables are files of the registry's packages, so nothing but npm is asked and npm checks
// what comes. One that is there already is left alone.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const versions = JSON.parse(readFileSync(new URL('node-versions.json', import.meta.url), 'utf8'));
// As test/support/nodes.ts looks for them.
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'margrave', 'nodes');
const PACKAGE = `node-${process.platform}-${process.arch}`;

function install(version) {
  const target = join(folder, `node-${version}`);
  if (existsSync(target)) return console.log(`Node.js ${version} is in ${target}`);
  const work = mkdtempSync(join(folder, 'install-'));
  try {
    const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', work];
    const { status } = spawnSync('npm', ['install', ...options, `${PACKAGE}@${version}`], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`npm cannot install ${PACKAGE}@${version}`);
    const copy = join(work, 'node');
    copyFileSync(join(work, 'node_modules', PACKAGE, 'bin', 'node'), copy);
    renameSync(copy, target);
    console.log(`Installed ${target}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

mkdirSync(folder, { recursive: true });
try {
  for (const version of Object.values(versions)) install(version);
} catch (error) {
  console.error(`Not every supported Node.js can be installed: ${error.message}`);
  process.exitCode = 1;
}
