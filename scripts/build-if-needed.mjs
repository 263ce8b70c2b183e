// Builds dist/ unless it is newer than everything it is made from (or with --always). Does nothing where only dist/ is
// installed. A dist/ that somebody is running is never without a file: what is no longer made is removed at the end.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const compiler = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const sources = [
  'src',
  'migrations',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];

/** The latest change of a file, or of a folder with everything in it; a folder changes when a file of it goes. */
function changed(path) {
  const own = statSync(path).mtimeMs;
  if (!statSync(path).isDirectory()) return own;
  return Math.max(own, ...readdirSync(path).map((name) => changed(join(path, name))));
}

/** Removes the files that the build begun at `time` did not write. */
function removeOlder(folder, time) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOlder(path, time);
    else if (statSync(path).mtimeMs < time) rmSync(path);
  }
}

if (existsSync(join(root, 'src')) && existsSync(compiler)) {
  const begun = new Date();
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const latest = Math.max(
    ...sources
      .map((name) => join(root, name))
      .filter(existsSync)
      .map(changed),
  );
  if (latest > built || process.argv.includes('--always')) {
    process.stderr.write('Building…\n'); // stdout may be the answer of a command
    const { status } = spawnSync(process.execPath, [compiler, 'build'], {
      cwd: root,
      stdio: ['inherit', 2, 2],
    });
    if (status !== 0) process.exit(status ?? 1);
    chmodSync(join(dist, 'src', 'cli', 'main.js'), 0o755); // `bin` in package.json
    writeFileSync(stamp, '');
    removeOlder(dist, begun.getTime());
    utimesSync(stamp, begun, begun); // what changed during the build is not in it
  }
} else if (!existsSync(join(root, 'dist', 'src', 'main.js'))) {
  process.stderr.write('There is no dist/ here, and no compiler to make it: run `npm ci` first.\n');
  process.exit(1);
}
