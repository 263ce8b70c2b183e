// Builds the service and the benchmarks, then runs them: `npm run bench`, or `npm run bench -- http`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const steps = [
  ['scripts/build-if-needed.mjs'],
  ['node_modules/typescript/bin/tsc', '-p', 'test/bench/tsconfig.json'],
  ['--enable-source-maps', 'dist/bench/test/bench/main.js', ...process.argv.slice(2)],
];
for (const step of steps) {
  const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
