// The chaos suite for as long as you like: `npm run chaos -- --minutes 30 [--seed 7] [--nodes 5]`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    nodes: { type: 'string', default: '4' },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (!(Number(value) > 0)) {
    process.stderr.write(`--${name} has to be a number above 0, not ${value}\n`);
    process.exit(1);
  }
}
const env = { ...process.env };
for (const [name, value] of Object.entries(values)) env[`CHAOS_${name.toUpperCase()}`] = value;
const steps = [
  ['scripts/build-if-needed.mjs'],
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', 'test/chaos'],
];
for (const step of steps) {
  const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}
