// Builds the cores of client applications that the tests run, at the versions of client-cores.json, into the cache
// folder of this user, where all checkouts find them. One that is there already is left alone.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cores = JSON.parse(readFileSync(new URL('client-cores.json', import.meta.url), 'utf8'));
// As test/support/client-cores.ts looks for them.
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'margrave', 'client-cores');
const HEARTBEAT_SECONDS = 15;

/** Runs Go, telling every few seconds that it still does; resolves to what it printed. */
function go(args, options = {}) {
  return new Promise((resolve, reject) => {
    const begun = Date.now();
    const child = spawn('go', args, {
      ...options,
      stdio: ['ignore', 'pipe', 'inherit'],
      // The caller's workspace and flags are about other code. Read-only: what is built is what the module's sums say.
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' },
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    const seconds = () => `${Math.round((Date.now() - begun) / 1000)} s`;
    const heartbeat = setInterval(() => console.log(`  … ${seconds()}`), HEARTBEAT_SECONDS * 1000);
    child.once('error', (error) => {
      clearInterval(heartbeat);
      reject(error.code === 'ENOENT' ? new Error('There is no Go here, which builds them.') : error);
    });
    child.once('close', (code) => {
      clearInterval(heartbeat);
      if (code === 0) resolve(output);
      else reject(new Error(`go ${args[0]} failed: ${output}`));
    });
  });
}

async function install(name, { version, module, package: main, tags, versionVariable }) {
  const target = join(folder, `${name}-${version}`);
  if (existsSync(target)) return console.log(`${name} ${version} is in ${target}`);
  const begun = Date.now();
  console.log(`Building ${name} ${version} (a minute or more)`);
  // Not `go install module@version`: that asks for the list of versions too, which not every proxy has.
  const { Dir } = JSON.parse(
    await go(['mod', 'download', '-json', `${module}@v${version}`], { cwd: folder }),
  );
  const unfinished = `${target}.${process.pid}`;
  const ldflags = `-s -w -X ${versionVariable}=${version}`;
  try {
    await go(['build', '-trimpath', '-tags', tags, '-ldflags', ldflags, '-o', unfinished, main], {
      cwd: Dir,
    });
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
  console.log(`Built ${target} in ${Math.round((Date.now() - begun) / 1000)} s`);
}

mkdirSync(folder, { recursive: true });
try {
  for (const [name, core] of Object.entries(cores)) await install(name, core);
} catch (error) {
  console.error(`The cores of client applications cannot be installed: ${error.message}`);
  process.exitCode = 1;
}
